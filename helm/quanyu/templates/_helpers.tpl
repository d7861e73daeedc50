{{- /* The roles, and whom each calls or whose facts it applies. A test asks the program itself whether this is so. */}}
{{- define "quanyu.roles" -}}
identity: []
points: [identity, rights, tagging]
rights: [identity, points]
tagging: [identity, rights]
campaign: [identity, points, rights, tagging]
channels: [identity, points, rights, tagging, campaign]
gateway: [identity, points, rights, tagging, campaign, channels]
{{- end }}

{{- define "quanyu.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- /* Where a role is found by its peers: at its Service, or by DNS at the headless one. */}}
{{- define "quanyu.peerAddress" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $headless := ternary "-pods" "" (eq $root.Values.discovery "dns") -}}
{{ include "quanyu.meshScheme" $root }}://{{ include "quanyu.fullname" $root }}-{{ $role }}{{ $headless }}.{{ $root.Release.Namespace }}.svc:{{ $root.Values.network.port }}
{{- end }}

{{- define "quanyu.meshScheme" -}}
{{ ternary "https" "http" .Values.meshTls.enabled }}
{{- end }}

{{- /* What callers speak to the gateway. */}}
{{- define "quanyu.publicScheme" -}}
{{ ternary "https" "http" .Values.tls.enabled }}
{{- end }}

{{- /* The Secret of the gateway's certificate for its callers: one that is named, or cert-manager's. */}}
{{- define "quanyu.tlsSecret" -}}
{{ .Values.tls.secretName | default (printf "%s-gateway-tls" (include "quanyu.fullname" .)) }}
{{- end }}

{{- /* The Secret of the certificate that a role shows to the others, where one is named; else nothing. */}}
{{- define "quanyu.namedMeshSecret" -}}
{{- $root := index . 0 -}}
{{- (include "quanyu.role" . | fromYaml).meshTlsSecretName | default $root.Values.meshTls.secretName -}}
{{- end }}

{{- define "quanyu.meshSecret" -}}
{{ include "quanyu.namedMeshSecret" . | default (printf "%s-%s-mesh-tls" (include "quanyu.fullname" (index . 0)) (index . 1)) }}
{{- end }}

{{- /* The nodes of etcd, separated by spaces: those that are named, or the trial's one. */}}
{{- define "quanyu.etcdEndpoints" -}}
{{- if .Values.trial.etcd.enabled -}}
http://{{ include "quanyu.fullname" . }}-etcd.{{ .Release.Namespace }}.svc:2379
{{- else -}}
{{ join " " .Values.etcd.endpoints }}
{{- end -}}
{{- end }}

{{- /* The nodes of NATS, alike. */}}
{{- define "quanyu.natsUrls" -}}
{{- if .Values.trial.nats.enabled -}}
nats://{{ include "quanyu.fullname" . }}-nats.{{ .Release.Namespace }}.svc:4222
{{- else -}}
{{ join " " .Values.nats.urls }}
{{- end -}}
{{- end }}

{{- /* What holds for a role: the defaults, and over them what differs. */}}
{{- define "quanyu.role" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- mustMergeOverwrite (mustDeepCopy $root.Values.defaults) (mustDeepCopy (index $root.Values.roles $role | default dict)) | toYaml -}}
{{- end }}

{{- define "quanyu.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "quanyu.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "quanyu.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "quanyu.image" -}}
{{- with .Values.image -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end }}

{{- /* How many replicas there may be at the most, without the one more that a rolling upgrade adds. */}}
{{- define "quanyu.replicasMax" -}}
{{- ternary .autoscaling.maxReplicas .replicas .autoscaling.enabled | int -}}
{{- end }}

{{- /* Whether a Job does the migrations of a release before its pods start. */}}
{{- define "quanyu.migratesBefore" -}}
{{- and .Values.migrations.hook (not .Values.trial.enabled) -}}
{{- end }}

{{- define "quanyu.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "quanyu.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* The Secret and key of the address of a role's database. */}}
{{- define "quanyu.databaseSecret" -}}
{{- $root := index . 0 -}}
{{- $settings := index . 1 -}}
{{- if $root.Values.trial.enabled -}}
name: {{ include "quanyu.fullname" $root }}-trial
key: database-url
{{- else if $settings.databaseSecret.name -}}
name: {{ $settings.databaseSecret.name | quote }}
key: {{ $settings.databaseSecret.key | quote }}
{{- else -}}
name: {{ $root.Values.database.secret.name | quote }}
key: {{ $root.Values.database.secret.key | quote }}
{{- end -}}
{{- end }}
