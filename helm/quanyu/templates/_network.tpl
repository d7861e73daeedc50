{{- /* The pods of some roles. */}}
{{- define "quanyu.selectorOf" -}}
{{- $root := index . 0 -}}
matchLabels:
  {{- include "quanyu.selector" $root | nindent 2 }}
matchExpressions:
  - {key: app.kubernetes.io/component, operator: In, values: [{{ index . 1 | join ", " }}]}
{{- end }}

{{- /* A rule of egress: to peers of a NetworkPolicy, or anywhere where none are named; at "PROTOCOL PORT"s. */}}
{{- define "quanyu.egressTo" -}}
- ports:
  {{- range index . 1 }}
    {{- $words := splitList " " . }}
    - {port: {{ index $words 1 }}, protocol: {{ index $words 0 }}}
  {{- end }}
  {{- with index . 0 }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
