{{- /* The files that a role's pod gets from Secrets and ConfigMaps, as a list of YAML: the folder, where they come from, and the
key of each. They change there when they change in the Secret. */}}
{{- define "quanyu.files" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $files := list -}}
{{- with $root.Values -}}
{{-   with .database.caConfigMap -}}
{{-     if .name -}}
{{-       $files = append $files (dict "name" "database-ca" "folder" "/etc/quanyu/database-ca" "configMap" .name "items" (dict "ca.crt" .key)) -}}
{{-     end -}}
{{-   end -}}
{{-   if eq $role "gateway" -}}
{{-     if .trial.enabled -}}
{{-       $files = append $files (dict "name" "first-api-key" "folder" "/run/secrets/quanyu" "secret" (printf "%s-trial" (include "quanyu.fullname" $root)) "items" (dict "first-api-key" "first-api-key")) -}}
{{-     else if .firstApiKey.secret.name -}}
{{-       $files = append $files (dict "name" "first-api-key" "folder" "/run/secrets/quanyu" "secret" .firstApiKey.secret.name "items" (dict "first-api-key" .firstApiKey.secret.key)) -}}
{{-     end -}}
{{-     if .tls.enabled -}}
{{-       $files = append $files (dict "name" "tls" "folder" "/run/secrets/quanyu-tls" "secret" (include "quanyu.tlsSecret" $root) "items" (dict "tls.crt" "tls.crt" "tls.key" "tls.key")) -}}
{{-     end -}}
{{-     range $at, $issuer := .gateway.issuers -}}
{{-       range $kind, $file := dict "jwks" (list "keys" "jwks.json") "ca" (list "ca" "ca.crt") -}}
{{-         $from := get $issuer (printf "%sConfigMap" $kind) | default dict -}}
{{-         if $from.name -}}
{{-           $files = append $files (dict "name" (printf "issuer-%d-%s" $at (first $file)) "folder" (printf "%s/%s" (include "quanyu.issuerFolder" $issuer) (first $file)) "configMap" $from.name "items" (dict (last $file) ($from.key | default (last $file)))) -}}
{{-         end -}}
{{-       end -}}
{{-     end -}}
{{-   end -}}
{{-   if .meshTls.enabled -}}
{{-     $files = append $files (dict "name" "mesh-tls" "folder" "/run/secrets/quanyu-mesh-tls" "secret" (include "quanyu.meshSecret" (list $root $role)) "items" (dict "ca.crt" "ca.crt" "tls.crt" "tls.crt" "tls.key" "tls.key")) -}}
{{-   end -}}
{{-   if eq .discovery "etcd" -}}
{{-     if .etcd.username -}}
{{-       $files = append $files (dict "name" "etcd-password" "folder" "/run/secrets/quanyu-etcd" "secret" .etcd.passwordSecret.name "items" (dict "password" .etcd.passwordSecret.key)) -}}
{{-     end -}}
{{-     if .etcd.tls.secretName -}}
{{-       $items := ternary (dict "ca.crt" "ca.crt" "tls.crt" "tls.crt" "tls.key" "tls.key") (dict "ca.crt" "ca.crt") .etcd.tls.clientCertificate -}}
{{-       $files = append $files (dict "name" "etcd-tls" "folder" "/run/secrets/quanyu-etcd-tls" "secret" .etcd.tls.secretName "items" $items) -}}
{{-     end -}}
{{-   end -}}
{{-   if eq .facts "jetstream" -}}
{{-     with .nats.credentialsSecret -}}
{{-       if .name -}}
{{-         $files = append $files (dict "name" "nats-credentials" "folder" "/run/secrets/quanyu-nats" "secret" .name "items" (dict "nats.creds" .key)) -}}
{{-       end -}}
{{-     end -}}
{{-     with .nats.caConfigMap -}}
{{-       if .name -}}
{{-         $files = append $files (dict "name" "nats-ca" "folder" "/etc/quanyu/nats-ca" "configMap" .name "items" (dict "ca.crt" .key)) -}}
{{-       end -}}
{{-     end -}}
{{-   end -}}
{{- end -}}
{{- $files | toYaml -}}
{{- end }}
