{{/* Reads also: replicas, autoscaling, minReadySeconds. New pods are ready before old ones go. */}}
{{- define "motcua-service.deployment" -}}
apiVersion: apps/v1
kind: Deployment
{{ include "motcua-service.metadata" . }}
spec:
  {{- if not .workload.autoscaling }}
  replicas: {{ .workload.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  minReadySeconds: {{ .workload.minReadySeconds | default 0 }}
  progressDeadlineSeconds: {{ .workload.progressSeconds | default 600 }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  selector:
    matchLabels:
      {{- include "motcua-service.selector-labels" . | nindent 6 }}
  template:
    {{- include "motcua-service.pod" . | nindent 4 }}
{{- end -}}
