{{- /* One node, which keeps its streams in its volume. Operators' port is for its probes. */}}
{{- define "quanyu.bundled.nats.container" -}}
{{- with .Values.trial.nats -}}
image: {{ .image.repository }}:{{ .image.tag }}
resources:
  {{- toYaml .resources | nindent 2 }}
{{- end }}
args: [--config, /run/secrets/nats/nats.conf]
startupProbe:
  httpGet: {path: /healthz, port: 8222}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: {path: "/healthz?js-enabled-only=true", port: 8222}
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: "/healthz?js-server-only=true", port: 8222}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{- define "quanyu.bundled.nats.mounts" -}}
- {name: settings, mountPath: /run/secrets/nats, readOnly: true}
{{- end }}

{{- define "quanyu.bundled.nats.volumes" -}}
- name: settings
  secret:
    secretName: {{ include "quanyu.fullname" . }}-trial
    defaultMode: 0440
    items:
      - {key: nats.conf, path: nats.conf}
{{- end }}

{{- /* Its settings, with the password of the roles. */}}
{{- define "quanyu.bundled.nats.settings" -}}
host: {{ (index . 0).Values.network.listenHost | trimPrefix "[" | trimSuffix "]" | quote }}
port: 4222
http_port: 8222
jetstream { store_dir: /data }
authorization { user: quanyu, password: {{ index . 1 | quote }} }
{{- end }}
