{{- /* The pod of a role. */}}
{{- define "quanyu.pod" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $settings := index . 2 -}}
{{- with $root.Values -}}
{{- $hasNats := eq .facts "jetstream" -}}
serviceAccountName: {{ include "quanyu.fullname" $root }}-{{ $role }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ add .shutdown.preStopSeconds .shutdown.drainSeconds .shutdown.marginSeconds }}
securityContext:
  {{- include "quanyu.podSecurityContext" 10001 | nindent 2 }}
{{- with .image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or $settings.topologySpread.zone $settings.topologySpread.host }}
topologySpreadConstraints:
  {{- range $key, $wish := dict "topology.kubernetes.io/zone" $settings.topologySpread.zone "kubernetes.io/hostname" $settings.topologySpread.host }}
  {{- if $wish }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $wish }}
    # Those of the release before, which are leaving, do not count.
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "quanyu.selector" $root | nindent 8 }}
        app.kubernetes.io/component: {{ $role }}
  {{- end }}
  {{- end }}
{{- end }}
containers:
  - name: quanyu
    image: {{ include "quanyu.image" $root }}
    imagePullPolicy: {{ .image.pullPolicy }}
    args: [--config, /etc/quanyu/settings/quanyu.toml, serve, {{ $role }}]
    env:
      - name: QUANYU_DATABASE_URL
        valueFrom:
          secretKeyRef:
            {{- include "quanyu.databaseSecret" (list $root $settings) | nindent 12 }}
      - name: QUANYU_SIGNING_KEY
        valueFrom:
          secretKeyRef:
            {{- if .trial.enabled }}
            name: {{ include "quanyu.fullname" $root }}-trial
            key: signing-key
            {{- else }}
            name: {{ .signingKey.secret.name | quote }}
            key: {{ .signingKey.secret.key | quote }}
            {{- end }}
      {{- if and .signingKey.secret.name .signingKey.secret.honouredKey }}
      - name: QUANYU_SIGNING_KEY_HONOURED
        valueFrom:
          secretKeyRef:
            name: {{ .signingKey.secret.name | quote }}
            key: {{ .signingKey.secret.honouredKey | quote }}
      {{- end }}
      {{- if eq .discovery "etcd" }}
      - name: POD_IP
        valueFrom: {fieldRef: {fieldPath: status.podIP}}
      - name: QUANYU_ADVERTISE
        value: "{{ include "quanyu.meshScheme" $root }}://{{ ternary "[$(POD_IP)]" "$(POD_IP)" (eq .network.listenHost "[::]") }}:{{ int .network.port }}"
      {{- if .etcd.zones }}
      - name: QUANYU_ZONE
        valueFrom: {fieldRef: {fieldPath: "metadata.labels['topology.kubernetes.io/zone']"}}
      {{- end }}
      {{- end }}
      {{- if $hasNats }}
      {{- if .trial.nats.enabled }}
      - name: QUANYU_NATS__PASSWORD
        valueFrom: {secretKeyRef: {name: {{ include "quanyu.fullname" $root }}-trial, key: nats-password}}
      {{- else if .nats.username }}
      - name: QUANYU_NATS__PASSWORD
        valueFrom: {secretKeyRef: {name: {{ .nats.passwordSecret.name | quote }}, key: {{ .nats.passwordSecret.key | quote }}}}
      {{- else if .nats.tokenSecret.name }}
      - name: QUANYU_NATS__TOKEN
        valueFrom: {secretKeyRef: {name: {{ .nats.tokenSecret.name | quote }}, key: {{ .nats.tokenSecret.key | quote }}}}
      {{- end }}
      {{- end }}
    ports:
      - {name: grpc, containerPort: {{ int .network.port }}, protocol: TCP}
      - {name: admin, containerPort: {{ int .network.adminPort }}, protocol: TCP}
    # The process lives as soon as it answers. It may bring tables up to date for long, and waits for its database for a
    # minute and ends by itself: neither is a reason to kill it.
    startupProbe:
      httpGet: {path: /healthz, port: admin}
      periodSeconds: 1
      timeoutSeconds: 1
      failureThreshold: 30
    livenessProbe:
      httpGet: {path: /healthz, port: admin}
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 3
    # Not ready is what has no database. What lacks a peer is: all replicas lack it alike.
    readinessProbe:
      httpGet: {path: /readyz, port: admin}
      periodSeconds: 2
      timeoutSeconds: 3
      failureThreshold: 2
    {{- if .shutdown.preStopSeconds }}
    lifecycle:
      preStop:
        sleep: {seconds: {{ int .shutdown.preStopSeconds }}}
    {{- end }}
    resources:
      {{- toYaml $settings.resources | nindent 6 }}
    securityContext:
      {{- include "quanyu.containerSecurityContext" $root | nindent 6 }}
    volumeMounts:
      - {name: settings, mountPath: /etc/quanyu/settings, readOnly: true}
      - {name: tmp, mountPath: /tmp}
      {{- range include "quanyu.files" (list $root $role) | fromYamlArray }}
      - {name: {{ .name }}, mountPath: {{ .folder }}, readOnly: true}
      {{- end }}
volumes:
  - name: settings
    configMap: {name: {{ include "quanyu.fullname" $root }}-{{ $role }}}
  - name: tmp
    emptyDir: {sizeLimit: 64Mi}
  {{- range include "quanyu.files" (list $root $role) | fromYamlArray }}
  - name: {{ .name }}
    {{- if .configMap }}
    configMap:
      name: {{ .configMap | quote }}
    {{- else }}
    secret:
      secretName: {{ .secret | quote }}
      defaultMode: 0440
    {{- end }}
      items:
        {{- range $path, $key := .items }}
        - {key: {{ $key | quote }}, path: {{ $path }}}
        {{- end }}
  {{- end }}
{{- end }}
{{- end }}
