{{- define "quanyu.bundled.postgresql.container" -}}
{{- with .Values.trial.postgresql -}}
image: {{ .image.repository }}:{{ .image.tag }}
args: [-c, max_connections={{ int .connectionsMax }}]
resources:
  {{- toYaml .resources | nindent 2 }}
{{- end }}
env:
  - {name: POSTGRES_USER, value: quanyu}
  - {name: POSTGRES_DB, value: quanyu}
  - {name: PGDATA, value: /var/lib/postgresql/data/pgdata}
  - {name: POSTGRES_PASSWORD_FILE, value: /run/secrets/postgresql/password}
startupProbe:
  exec: {command: [pg_isready, -U, quanyu, -h, 127.0.0.1]}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  exec: {command: [pg_isready, -U, quanyu, -h, 127.0.0.1]}
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  exec: {command: [pg_isready, -U, quanyu, -h, 127.0.0.1]}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{- define "quanyu.bundled.postgresql.mounts" -}}
- {name: run, mountPath: /var/run/postgresql}
- {name: tmp, mountPath: /tmp}
- {name: password, mountPath: /run/secrets/postgresql, readOnly: true}
{{- end }}

{{- define "quanyu.bundled.postgresql.volumes" -}}
- name: run
  emptyDir: {sizeLimit: 16Mi}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
- name: password
  secret:
    secretName: {{ include "quanyu.fullname" . }}-trial
    defaultMode: 0440
    items:
      - {key: postgres-password, path: password}
{{- end }}
