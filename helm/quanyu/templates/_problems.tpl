{{- /* What values.schema.json cannot say. Every violation is told at once, with its path. */}}
{{- define "quanyu.problems" -}}
{{- $problems := list -}}
{{- $mins := dict "campaign" 3 -}}
{{- $connections := 0 -}}
{{- $homeless := list -}}
{{- range $role, $peers := include "quanyu.roles" . | fromYaml -}}
{{-   $settings := include "quanyu.role" (list $ $role) | fromYaml -}}
{{-   $min := get $mins $role | default 2 | int -}}
{{-   $own := $settings.databaseConnectionsMax | int -}}
{{-   if lt $own $min -}}
{{-     $problems = append $problems (printf "roles.%s.databaseConnectionsMax: must be at least %d" $role $min) -}}
{{-   end -}}
{{-   if and $settings.autoscaling.enabled (gt (int $settings.autoscaling.minReplicas) (int $settings.autoscaling.maxReplicas)) -}}
{{-     $problems = append $problems (printf "roles.%s.autoscaling.minReplicas: must not be above maxReplicas" $role) -}}
{{-   end -}}
{{-   $metric := $settings.autoscaling.podMetric -}}
{{-   if ne (empty $metric.name) (empty $metric.averageValue) -}}
{{-     $problems = append $problems (printf "roles.%s.autoscaling.podMetric: needs both name and averageValue" $role) -}}
{{-   end -}}
{{-   if not $settings.databaseSecret.name -}}
{{-     $homeless = append $homeless $role -}}
{{-   else if $.Values.trial.enabled -}}
{{-     $problems = append $problems (printf "roles.%s.databaseSecret.name: is one too many beside trial.enabled, which brings a database" $role) -}}
{{-   end -}}
{{-   $replicas := include "quanyu.replicasMax" $settings | int -}}
{{-   $connections = add $connections (mul (add $replicas 1) $own) -}}
{{- end -}}
{{- if .Values.trial.enabled -}}
{{-   range $path, $name := dict "database.secret.name" .Values.database.secret.name "signingKey.secret.name" .Values.signingKey.secret.name "firstApiKey.secret.name" .Values.firstApiKey.secret.name -}}
{{-     if $name -}}
{{-       $problems = append $problems (printf "%s: is one too many beside trial.enabled, which makes it" $path) -}}
{{-     end -}}
{{-   end -}}
{{- else -}}
{{-   if and $homeless (not .Values.database.secret.name) -}}
{{-     $problems = append $problems (printf "database.secret.name: must name the Secret with the address of PostgreSQL (for %s), or set trial.enabled" (join ", " $homeless)) -}}
{{-   end -}}
{{-   if not .Values.signingKey.secret.name -}}
{{-     $problems = append $problems "signingKey.secret.name: must name the Secret with what `openssl rand -hex 32` writes, or set trial.enabled" -}}
{{-   end -}}
{{- end -}}
{{- $admitted := ternary .Values.trial.postgresql.connectionsMax .Values.database.serverConnectionsMax .Values.trial.enabled | int -}}
{{- if and $admitted (gt (int $connections) $admitted) -}}
{{-   $path := ternary "trial.postgresql.connectionsMax" "database.serverConnectionsMax" .Values.trial.enabled -}}
{{-   $problems = append $problems (printf "%s: is %d, and while it rolls the release opens up to %d connections: lower replicas or databaseConnectionsMax, or admit more" $path $admitted (int $connections)) -}}
{{- end -}}
{{- if .Values.trial.etcd.enabled -}}
{{-   if not .Values.trial.enabled -}}
{{-     $problems = append $problems "trial.etcd.enabled: is for a trial: set trial.enabled too, or name your own etcd.endpoints" -}}
{{-   end -}}
{{-   if .Values.etcd.endpoints -}}
{{-     $problems = append $problems "etcd.endpoints: is one too many beside trial.etcd.enabled, which brings an etcd" -}}
{{-   end -}}
{{-   if or .Values.etcd.username .Values.etcd.tls.secretName -}}
{{-     $problems = append $problems "etcd: username and tls are too many beside trial.etcd.enabled, whose etcd knows neither users nor certificates" -}}
{{-   end -}}
{{-   if ne .Values.discovery "etcd" -}}
{{-     $problems = append $problems "discovery: must be etcd beside trial.etcd.enabled, which is for nothing else" -}}
{{-   end -}}
{{- else if and (eq .Values.discovery "etcd") (not .Values.etcd.endpoints) -}}
{{-   $problems = append $problems "etcd.endpoints: must name the nodes of etcd for discovery: etcd, or set trial.etcd.enabled in a trial" -}}
{{- end -}}
{{- if ne (empty .Values.etcd.username) (empty .Values.etcd.passwordSecret.name) -}}
{{-   $problems = append $problems "etcd.username: needs etcd.passwordSecret.name, and that needs a user" -}}
{{- end -}}
{{- if and (eq .Values.discovery "etcd") .Values.etcd.noticeSeconds (ge (int .Values.etcd.noticeSeconds) (int .Values.shutdown.drainSeconds)) -}}
{{-   $problems = append $problems "etcd.noticeSeconds: must be less than shutdown.drainSeconds: the rest of that is for calls under way" -}}
{{- end -}}
{{- if and .Values.etcd.zones (semverCompare "<1.35-0" .Capabilities.KubeVersion.Version) -}}
{{-   $problems = append $problems (printf "etcd.zones: needs Kubernetes 1.35 or newer, and this is %s: its pods do not know their zone" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- range $endpoint := .Values.etcd.endpoints -}}
{{-   if ne (hasPrefix "https://" $endpoint) (not (empty $.Values.etcd.tls.secretName)) -}}
{{-     $problems = append $problems (printf "etcd.tls.secretName: belongs to addresses that begin with https, and to all of them, not to %s" $endpoint) -}}
{{-   end -}}
{{- end -}}
{{- if and .Values.etcd.tls.clientCertificate (not .Values.etcd.tls.secretName) -}}
{{-   $problems = append $problems "etcd.tls.clientCertificate: is in etcd.tls.secretName, which is not named" -}}
{{- end -}}
{{- $issued := dict -}}
{{- if and .Values.tls.enabled (not .Values.tls.secretName) -}}
{{-   $_ := set $issued "tls.secretName" "issuerRef" -}}
{{- end -}}
{{- if .Values.meshTls.enabled -}}
{{-   range $role, $peers := include "quanyu.roles" . | fromYaml -}}
{{-     if not (include "quanyu.namedMeshSecret" (list $ $role)) -}}
{{-       $_ := set $issued "meshTls.secretName" "meshIssuerRef" -}}
{{-     end -}}
{{-   end -}}
{{- end -}}
{{- range $path, $issuer := $issued -}}
{{-   if not $.Values.certManager.enabled -}}
{{-     $problems = append $problems (printf "%s: must name the Secret with the certificate, or set certManager.enabled" $path) -}}
{{-   else if not (get (get $.Values.certManager $issuer) "name") -}}
{{-     $problems = append $problems (printf "certManager.%s.name: must say who issues the certificates of %s" $issuer (splitList "." $path | first)) -}}
{{-   end -}}
{{- end -}}
{{- with .Values.gatewayApi -}}
{{-   if and $.Values.tls.enabled (or .rest.enabled .grpc.enabled) (not .backendTls.hostname) -}}
{{-     $problems = append $problems "gatewayApi.backendTls.hostname: must be a name in the gateway's certificate: with tls.enabled the Gateway speaks TLS to it" -}}
{{-   end -}}
{{- end -}}
{{- $ways := list -}}
{{- range $path, $name := dict "nats.username" .Values.nats.username "nats.tokenSecret.name" .Values.nats.tokenSecret.name "nats.credentialsSecret.name" .Values.nats.credentialsSecret.name -}}
{{-   if $name -}}
{{-     $ways = append $ways $path -}}
{{-   end -}}
{{- end -}}
{{- if gt (len $ways) 1 -}}
{{-   $problems = append $problems (printf "%s: one of them says who the platform is" (join ", " $ways)) -}}
{{- end -}}
{{- if ne (empty .Values.nats.username) (empty .Values.nats.passwordSecret.name) -}}
{{-   $problems = append $problems "nats.username: needs nats.passwordSecret.name, and that needs a user" -}}
{{- end -}}
{{- if .Values.trial.nats.enabled -}}
{{-   if not .Values.trial.enabled -}}
{{-     $problems = append $problems "trial.nats.enabled: is for a trial: set trial.enabled too, or name your own nats.urls" -}}
{{-   end -}}
{{-   if or .Values.nats.urls $ways .Values.nats.caConfigMap.name -}}
{{-     $problems = append $problems "nats: its urls, who the platform is there and its certificates are too many beside trial.nats.enabled, which brings a NATS" -}}
{{-   end -}}
{{-   if ne .Values.facts "jetstream" -}}
{{-     $problems = append $problems "facts: must be jetstream beside trial.nats.enabled, which is for nothing else" -}}
{{-   end -}}
{{- else if and (eq .Values.facts "jetstream") (not .Values.nats.urls) -}}
{{-   $problems = append $problems "nats.urls: must name the nodes of NATS for facts: jetstream, or set trial.nats.enabled in a trial" -}}
{{- end -}}
{{- if and .Values.gateway.burst (not .Values.gateway.requestsPerSecond) -}}
{{-   $problems = append $problems "gateway.burst: is of use only with gateway.requestsPerSecond: set that too" -}}
{{- end -}}
{{- $before := list -}}
{{- range .Values.gateway.issuers -}}
{{-   if or (has (list "name" .name) $before) (has (list "issuer" .issuer) $before) -}}
{{-     $problems = append $problems (printf "gateway.issuers: %s has the name or the issuer of another" .name) -}}
{{-   end -}}
{{-   $before = concat $before (list (list "name" .name) (list "issuer" .issuer)) -}}
{{-   $keys := (.jwksConfigMap | default dict).name -}}
{{-   if eq (empty .jwksUrl) (empty $keys) -}}
{{-     $problems = append $problems (printf "gateway.issuers: %s: set one of jwksUrl and jwksConfigMap.name" .name) -}}
{{-   end -}}
{{-   if and (.caConfigMap | default dict).name (not .jwksUrl) -}}
{{-     $problems = append $problems (printf "gateway.issuers: %s: caConfigMap vouches for a jwksUrl, and there is none" .name) -}}
{{-   end -}}
{{-   if eq (empty .tenant) (empty .tenantClaim) -}}
{{-     $problems = append $problems (printf "gateway.issuers: %s: set one of tenant, a tenant's code, and tenantClaim, the claim that has it" .name) -}}
{{-   end -}}
{{-   $refresh := .refreshSeconds | default 600 | int -}}
{{-   if lt $refresh (.refetchSecondsMin | default 30 | int) -}}
{{-     $problems = append $problems (printf "gateway.issuers: %s: refreshSeconds must be no less than refetchSecondsMin" .name) -}}
{{-   end -}}
{{-   if lt (.keepSeconds | default 86400 | int) $refresh -}}
{{-     $problems = append $problems (printf "gateway.issuers: %s: keepSeconds must be no less than refreshSeconds" .name) -}}
{{-   end -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]" (include "quanyu.fullname" .)) -}}
{{-   $problems = append $problems (printf "fullnameOverride: must be set, for the name of a Service begins with a letter, and %s does not" (include "quanyu.fullname" .)) -}}
{{- end -}}
{{- if eq (int .Values.network.port) (int .Values.network.adminPort) -}}
{{-   $problems = append $problems "network.adminPort: must be another port than network.port" -}}
{{- end -}}
{{- range $kind, $ingress := .Values.ingress -}}
{{-   if and $ingress.enabled (not $ingress.hosts) -}}
{{-     $problems = append $problems (printf "ingress.%s.hosts: must name at least one host" $kind) -}}
{{-   end -}}
{{- end -}}
{{- if and (or .Values.gatewayApi.rest.enabled .Values.gatewayApi.grpc.enabled) (not .Values.gatewayApi.parentRefs) -}}
{{-   $problems = append $problems "gatewayApi.parentRefs: must name at least one Gateway" -}}
{{- end -}}
{{- range $host := .Values.gatewayApi.grpc.hostnames -}}
{{-   if has $host $.Values.gatewayApi.rest.hostnames -}}
{{-     $problems = append $problems (printf "gatewayApi.grpc.hostnames: %s is in gatewayApi.rest.hostnames too, and one listener serves a name by one kind of route" $host) -}}
{{-   end -}}
{{- end -}}
{{- if $problems -}}
{{-   fail (printf "\nthe values are not valid:\n  %s\n" (join "\n  " $problems)) -}}
{{- end -}}
{{- end }}
