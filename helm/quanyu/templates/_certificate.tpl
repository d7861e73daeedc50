{{- define "quanyu.certificate" -}}
{{- $values := .root.Values.certManager }}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ .secret }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "quanyu.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  secretName: {{ .secret }}
  issuerRef:
    {{- toYaml .issuerRef | nindent 4 }}
  dnsNames:
    {{- toYaml .names | nindent 4 }}
  usages:
    {{- toYaml .usages | nindent 4 }}
  duration: {{ $values.duration }}
  renewBefore: {{ $values.renewBefore }}
  # A key of its own for each certificate, as PKCS #8.
  privateKey: {algorithm: ECDSA, size: 256, encoding: PKCS8, rotationPolicy: Always}
{{- end }}
