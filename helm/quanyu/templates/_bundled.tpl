{{- /*
  What a trial brings: one pod with a volume, its Service, and a policy that lets the roles in and nothing out. Of a dict:
  root, name, port, user (its number), data (where its volume is), storage. Its container is the template
  quanyu.bundled.NAME.container; its other volumes are quanyu.bundled.NAME.volumes.
*/}}
{{- define "quanyu.bundled" -}}
{{- $host := printf "%s-%s" (include "quanyu.fullname" .root) .name }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "quanyu.bundled.metadata" (list . $host) | nindent 2 }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: Service
metadata:
  {{- include "quanyu.bundled.metadata" (list . $host) | nindent 2 }}
spec:
  type: ClusterIP
  selector:
    {{- include "quanyu.selector" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .name }}
  ports:
    - {name: {{ .name }}, port: {{ .port }}, targetPort: {{ .name }}, protocol: TCP}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  {{- include "quanyu.bundled.metadata" (list . $host) | nindent 2 }}
spec:
  replicas: 1
  serviceName: {{ $host }}
  # A new release makes a new password, which old data would not know.
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
  selector:
    matchLabels:
      {{- include "quanyu.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .name }}
  template:
    metadata:
      labels:
        {{- include "quanyu.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .name }}
    spec:
      serviceAccountName: {{ $host }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        {{- include "quanyu.podSecurityContext" .user | nindent 8 }}
      containers:
        - name: {{ .name }}
          imagePullPolicy: IfNotPresent
          {{- include (printf "quanyu.bundled.%s.container" .name) .root | nindent 10 }}
          ports:
            - {name: {{ .name }}, containerPort: {{ .port }}, protocol: TCP}
          securityContext:
            {{- include "quanyu.containerSecurityContext" .root | nindent 12 }}
          volumeMounts:
            - {name: data, mountPath: {{ .data }}}
            {{- include (printf "quanyu.bundled.%s.mounts" .name) .root | nindent 12 }}
      {{- with include (printf "quanyu.bundled.%s.volumes" .name) .root | trim }}
      volumes:
        {{- . | nindent 8 }}
      {{- end }}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .storage.className }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests: {storage: {{ .storage.size }}}
{{- if .root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "quanyu.bundled.metadata" (list . $host) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "quanyu.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .name }}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - {port: {{ .port }}, protocol: TCP}
      from:
        - podSelector:
            {{- include "quanyu.selectorOf" (list .root (include "quanyu.roles" .root | fromYaml | keys | sortAlpha)) | nindent 12 }}
  egress: []
{{- end }}
{{- end }}

{{- define "quanyu.bundled.metadata" -}}
{{- $bundled := index . 0 -}}
name: {{ index . 1 }}
namespace: {{ $bundled.root.Release.Namespace }}
labels:
  {{- include "quanyu.labels" $bundled.root | nindent 2 }}
  app.kubernetes.io/component: {{ $bundled.name }}
{{- end }}
