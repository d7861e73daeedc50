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

{{- /* The ports of addresses that are separated by spaces, each once, as "TCP PORT" in a list of YAML; $2 where one names none. */}}
{{- define "quanyu.portsOf" -}}
{{- $ports := list -}}
{{- range splitList " " (index . 0) -}}
{{-   $ports = append $ports (printf "TCP %s" (regexFind "[0-9]+$" (regexFind ":[0-9]+$" .) | default (index $ 1))) -}}
{{- end -}}
{{- $ports | uniq | toYaml -}}
{{- end }}

{{- /* A rule of egress to what a trial brings. */}}
{{- define "quanyu.egressToBundled" -}}
- ports:
    - {port: {{ index . 2 }}, protocol: TCP}
  to:
    - podSelector:
        matchLabels:
          {{- include "quanyu.selector" (index . 0) | nindent 10 }}
          app.kubernetes.io/component: {{ index . 1 }}
{{- end }}
