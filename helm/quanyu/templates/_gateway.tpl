{{- /* What the file of settings says of the gateway. Texts are JSON's, which TOML reads alike. */}}
{{- define "quanyu.gatewaySettings" }}
[gateway]
requests_per_second = {{ int64 .requestsPerSecond }}
burst = {{ int64 .burst }}
requests_per_day = {{ int64 .requestsPerDay }}
body_bytes_max = {{ int .bodyBytesMax }}
timeout_seconds = {{ int .timeoutSeconds }}
connections_max = {{ int .connectionsMax }}
streams_max = {{ int .streamsMax }}
header_bytes_max = {{ int .headerBytesMax }}
header_seconds = {{ int .headerSeconds }}
resets_max = {{ int .resetsMax }}
connection_age_seconds = {{ int .connectionAgeSeconds }}
connection_grace_seconds = {{ int .connectionGraceSeconds }}
reflection = {{ .reflection | quote }}
documents = {{ .documents | quote }}
cors_origins = {{ .corsOrigins | toJson }}
{{- range .issuers }}

{{ include "quanyu.issuerSettings" . }}
{{- end }}
{{- end }}

{{- /* An issuer; what is absent is as the program has it. */}}
{{- define "quanyu.issuerSettings" -}}
{{- $issuer := . -}}
[[gateway.issuers]]
name = {{ .name | toJson }}
issuer = {{ .issuer | toJson }}
audiences = {{ .audiences | toJson }}
{{- with .jwksUrl }}
jwks_url = {{ . | toJson }}
{{- end }}
{{- if (.jwksConfigMap | default dict).name }}
jwks_file = "{{ include "quanyu.issuerFolder" . }}/keys/jwks.json"
{{- end }}
{{- if (.caConfigMap | default dict).name }}
ca_file = "{{ include "quanyu.issuerFolder" . }}/ca/ca.crt"
{{- end }}
{{- range $value, $setting := dict "algorithms" "algorithms" "types" "types" "tenant" "tenant" "tenantClaim" "tenant_claim" "scopesClaim" "scopes_claim" "rolesClaim" "roles_claim" "scopesMax" "scopes_max" }}
{{- with get $issuer $value }}
{{ $setting }} = {{ . | toJson }}
{{- end }}
{{- end }}
{{- with .roles }}
roles = { {{- range $at, $word := keys . | sortAlpha }}{{ if $at }},{{ end }} {{ $word | toJson }} = {{ get $issuer.roles $word | toJson }}{{ end }} }
{{- end }}
{{- range $value, $setting := dict "leewaySeconds" "leeway_seconds" "refreshSeconds" "refresh_seconds" "refetchSecondsMin" "refetch_seconds_min" "keepSeconds" "keep_seconds" }}
{{- if hasKey $issuer $value }}
{{ $setting }} = {{ get $issuer $value | int }}
{{- end }}
{{- end }}
{{- end }}

{{- define "quanyu.issuerFolder" -}}
/etc/quanyu/issuers/{{ .name }}
{{- end }}

{{- /* Where issuers publish their keys: scheme, host and port, separated by spaces. */}}
{{- define "quanyu.issuerAddresses" -}}
{{- $addresses := list -}}
{{- range .Values.gateway.issuers -}}
{{-   with .jwksUrl -}}
{{-     $addresses = append $addresses (regexFind "^https://[^/]+" .) -}}
{{-   end -}}
{{- end -}}
{{ join " " $addresses }}
{{- end }}
