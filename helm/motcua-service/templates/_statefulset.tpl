{{/* One pod with a volume of its own. Reads also: storage {size, className}, mounted where the mount named `data` says. */}}
{{- define "motcua-service.statefulset" -}}
apiVersion: apps/v1
kind: StatefulSet
{{ include "motcua-service.metadata" . }}
spec:
  serviceName: {{ .workload.name }}
  replicas: 1
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      {{- include "motcua-service.selector-labels" . | nindent 6 }}
  template:
    {{- include "motcua-service.pod" . | nindent 4 }}
  volumeClaimTemplates:
    - metadata:
        name: data
        labels:
          {{- include "motcua-service.selector-labels" . | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .workload.storage.className }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .workload.storage.size }}
{{- end -}}
