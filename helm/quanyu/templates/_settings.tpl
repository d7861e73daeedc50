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
{{- if eq .discovery "etcd" }}

[etcd]
endpoints = {{ include "quanyu.etcdEndpoints" $root | replace " " ", " | quote }}
prefix = {{ .etcd.prefix | default (printf "/quanyu/%s/%s" $root.Release.Namespace $root.Release.Name) | quote }}
{{- with .etcd.user }}
user = {{ . | quote }}
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
