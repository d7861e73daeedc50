{{- /* One node, which listens to its peers, of whom there are none, within its pod. */}}
{{- define "quanyu.bundled.etcd.container" -}}
{{- $host := printf "%s-etcd.%s.svc" (include "quanyu.fullname" .) .Release.Namespace -}}
{{- with .Values.trial.etcd -}}
image: {{ .image.repository }}:{{ .image.tag }}
resources:
  {{- toYaml .resources | nindent 2 }}
{{- end }}
command: [etcd]
args:
  - --name=trial
  # Its owner alone may look into this folder, and a volume's own is the group's.
  - --data-dir=/var/lib/etcd/data
  - --listen-client-urls=http://{{ .Values.network.listenHost }}:2379
  - --advertise-client-urls=http://{{ $host }}:2379
  - --listen-peer-urls=http://localhost:2380
  - --initial-advertise-peer-urls=http://localhost:2380
  - --initial-cluster=trial=http://localhost:2380
  - --auto-compaction-retention=1h
startupProbe:
  httpGet: {path: /readyz, port: etcd}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: etcd}
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: etcd}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{- define "quanyu.bundled.etcd.mounts" -}}{{- end }}

{{- define "quanyu.bundled.etcd.volumes" -}}{{- end }}
