{{/* Reads also: ingress {className, host, annotations, tls: {secretName}}. */}}
{{- define "motcua-service.ingress" -}}
{{- $ingress := .workload.ingress -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
{{ include "motcua-service.metadata" (merge (dict "annotations" $ingress.annotations) .) }}
spec:
  {{- with $ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with $ingress.tls.secretName }}
  tls:
    - hosts: [{{ $ingress.host | quote }}]
      secretName: {{ . }}
  {{- end }}
  rules:
    - host: {{ $ingress.host | quote }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ .workload.name }}
                port:
                  name: http
{{- end -}}
