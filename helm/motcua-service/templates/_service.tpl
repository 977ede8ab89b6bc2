{{/* Reads also: servicePorts, when not all ports are meant; headless: clients know every pod and spread their calls themselves. */}}
{{- define "motcua-service.service" -}}
apiVersion: v1
kind: Service
{{ include "motcua-service.metadata" . }}
spec:
  type: ClusterIP
  {{- if .workload.headless }}
  clusterIP: None
  {{- end }}
  selector:
    {{- include "motcua-service.selector-labels" . | nindent 4 }}
  ports:
    {{- range .workload.servicePorts | default .workload.ports }}
    - name: {{ .name }}
      port: {{ .port }}
      targetPort: {{ .name }}
    {{- end }}
{{- end -}}
