{{- /* The file of settings of a role. What is secret comes by the environment. */}}
{{- define "quanyu.settings" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $peers := index . 2 -}}
{{- $settings := include "quanyu.role" (list $root $role) | fromYaml -}}
{{- with $root.Values -}}
listen = "{{ .network.listenHost }}:{{ .network.port }}"
admin_listen = "{{ .network.listenHost }}:{{ .network.adminPort }}"
database_connections_max = {{ int $settings.databaseConnectionsMax }}
migrate_at_start = {{ ne (include "quanyu.migratesBefore" $root) "true" }}
concurrency_max = {{ int .settings.concurrencyMax }}
merge_undo_days = {{ int .settings.mergeUndoDays }}
drain_seconds = {{ int .shutdown.drainSeconds }}
{{- if and (eq $role "gateway") (or .trial.enabled .firstApiKey.secret.name) }}
first_api_key_file = "/run/secrets/quanyu/first-api-key"
{{- end }}
discovery = {{ .discovery | quote }}
{{- if eq .facts "jetstream" }}
facts = "jetstream"
{{- end }}
{{- if eq .discovery "etcd" }}

[etcd]
endpoints = {{ include "quanyu.etcdEndpoints" $root | replace " " ", " | quote }}
prefix = {{ .etcd.prefix | default (printf "/quanyu/%s/%s" $root.Release.Namespace $root.Release.Name) | quote }}
{{- if .etcd.tls.secretName }}
ca_file = "/run/secrets/quanyu-etcd-tls/ca.crt"
{{- if .etcd.tls.clientCertificate }}
cert_file = "/run/secrets/quanyu-etcd-tls/tls.crt"
key_file = "/run/secrets/quanyu-etcd-tls/tls.key"
{{- end }}
{{- end }}
{{- with .etcd.username }}
username = {{ . | quote }}
password_file = "/run/secrets/quanyu-etcd/password"
{{- end }}
lease_seconds = {{ int .etcd.leaseSeconds }}
notice_seconds = {{ int .etcd.noticeSeconds }}
# It outlives the process, not the pod.
replicas_file = "/tmp/{{ $role }}.replicas.json"
{{- else if $peers }}

[peers]
{{- range $peers }}
{{ . }} = {{ include "quanyu.peerAddress" (list $root .) | quote }}
{{- end }}
{{- end }}
{{- if and .tls.enabled (eq $role "gateway") }}

[tls]
cert_file = "/run/secrets/quanyu-tls/tls.crt"
key_file = "/run/secrets/quanyu-tls/tls.key"
{{- end }}
{{- if eq $role "gateway" }}
{{ include "quanyu.gatewaySettings" .gateway }}
{{- end }}
{{- if .meshTls.enabled }}

[mesh_tls]
ca_file = "/run/secrets/quanyu-mesh-tls/ca.crt"
cert_file = "/run/secrets/quanyu-mesh-tls/tls.crt"
key_file = "/run/secrets/quanyu-mesh-tls/tls.key"
{{- end }}
{{- if eq .facts "jetstream" }}

[nats]
urls = {{ include "quanyu.natsUrls" $root | splitList " " | toJson }}
platform = {{ .nats.platform | default (printf "%s-%s" $root.Release.Namespace $root.Release.Name | replace "." "-") | quote }}
{{- with ternary "quanyu" .nats.username .trial.nats.enabled }}
username = {{ . | quote }}
{{- end }}
{{- if .nats.credentialsSecret.name }}
credentials_file = "/run/secrets/quanyu-nats/nats.creds"
{{- end }}
{{- if .nats.caConfigMap.name }}
ca_file = "/etc/quanyu/nats-ca/ca.crt"
{{- end }}
replicas = {{ ternary 1 (int .nats.replicas) .trial.nats.enabled }}
max_age_hours = {{ int .nats.maxAgeHours }}
{{- end }}

[telemetry]
service_name = {{ .settings.telemetry.serviceName | quote }}
{{- with .settings.telemetry.otlpEndpoint }}
otlp_endpoint = {{ . | quote }}
{{- end }}
log_filter = {{ .settings.telemetry.logFilter | quote }}
span_filter = {{ .settings.telemetry.spanFilter | quote }}
log_json = {{ .settings.telemetry.logJson }}
{{- end }}
{{- end }}
