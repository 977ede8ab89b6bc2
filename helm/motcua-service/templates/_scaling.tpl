{{/* Nodes are drained one pod of each Deployment at a time. */}}
{{- define "motcua-service.pdb" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
{{ include "motcua-service.metadata" . }}
spec:
  maxUnavailable: 1
  # A pod that never became ready must not stand in the way of a drain.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "motcua-service.selector-labels" . | nindent 6 }}
{{- end -}}

{{/* Reads also: autoscaling {minReplicas, maxReplicas, targetCPUUtilizationPercentage, scaleDownSeconds}. */}}
{{- define "motcua-service.hpa" -}}
{{- $scaling := .workload.autoscaling -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
{{ include "motcua-service.metadata" . }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .workload.name }}
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $scaling.targetCPUUtilizationPercentage }}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: {{ $scaling.scaleDownSeconds }}
{{- end -}}
