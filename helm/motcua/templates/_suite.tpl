{{/* Facts about the release that several templates need. */}}

{{- define "motcua.fullname" -}}{{ include "motcua-service.fullname" . }}{{- end -}}

{{/* DNS name of a Service of the release. Takes {root, name}, name without the release's part. */}}
{{- define "motcua.host" -}}
{{ include "motcua.fullname" .root }}-{{ .name }}.{{ .root.Release.Namespace }}.svc
{{- end -}}

{{- define "motcua.scheme" -}}{{ ternary "https" "http" .Values.tls.enabled }}{{- end -}}

{{/* The services with all their values: {services: {name: block}}. */}}
{{- define "motcua.services" -}}
{{- $services := dict -}}
{{- range $name, $block := .Values.services -}}
{{- $all := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy $block) -}}
{{- range $pool, $worker := $all.workers -}}
{{- if not (dig "enabled" true $worker) -}}{{- $_ := unset $all.workers $pool -}}{{- end -}}
{{- end -}}
{{- $_ := set $services $name $all -}}
{{- end -}}
{{- toJson (dict "services" $services) -}}
{{- end -}}

{{- define "motcua.issuer" -}}
{{- if .Values.oidc.issuer -}}{{ .Values.oidc.issuer }}
{{- else if .Values.devWorld.enabled -}}{{ include "motcua.scheme" . }}://{{ include "motcua.host" (dict "root" . "name" "identity-http") }}:8080
{{- end -}}
{{- end -}}

{{/* URL of identity's HTTP end in the cluster; empty when identity is not part of the release. */}}
{{- define "motcua.identity-url" -}}
{{- $identity := (include "motcua.services" . | fromJson).services.identity -}}
{{- if and $identity.enabled $identity.http.enabled -}}
{{ include "motcua.scheme" . }}://{{ include "motcua.host" (dict "root" . "name" "identity-http") }}:8080
{{- end -}}
{{- end -}}

{{- define "motcua.object-store-url" -}}
{{- if .Values.objectStore.url -}}{{ .Values.objectStore.url }}
{{- else if .Values.devStores.enabled -}}http://{{ include "motcua.host" (dict "root" . "name" "minio") }}:9000
{{- end -}}
{{- end -}}

{{- define "motcua.otlp-endpoint" -}}
{{- if .Values.telemetry.otlpEndpoint -}}{{ .Values.telemetry.otlpEndpoint }}
{{- else if .Values.devStores.enabled -}}http://{{ include "motcua.host" (dict "root" . "name" "otel") }}:4317
{{- end -}}
{{- end -}}

{{/* gRPC target of a service. Takes {root, name}. */}}
{{- define "motcua.address" -}}
{{- $service := index (include "motcua.services" .root | fromJson).services .name -}}
{{- if $service.enabled -}}dns:///{{ include "motcua.host" . }}:50051
{{- else -}}{{ $service.address }}
{{- end -}}
{{- end -}}

{{/* Port of a URL; the scheme's when it names none. */}}
{{- define "motcua.port" -}}
{{- $url := urlParse . -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- end -}}

{{/* What lies outside in production and in the release with devWorld. Takes {root, service}; yields settings. */}}
{{- define "motcua.dev-settings" -}}
{{- $root := .root -}}
{{- if $root.Values.devWorld.enabled -}}
{{- if eq .service "identity" -}}
EID_ISSUER: http://{{ include "motcua.host" (dict "root" $root "name" "eid") }}:8080
EID_CLIENT_ID: motcua
{{- else if eq .service "dossier" -}}
MALWARE_SCANNER: local
{{- else if eq .service "permits" -}}
PUBLIC_URL: {{ include "motcua.scheme" $root }}://{{ include "motcua.host" (dict "root" $root "name" "permits-http") }}:8080
{{- else if eq .service "notify" -}}
SMTP_HOST: {{ include "motcua.host" (dict "root" $root "name" "sinks") }}
SMTP_PORT: 2525
SMS_URL: http://{{ include "motcua.host" (dict "root" $root "name" "sinks") }}:8025
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Settings that users chose for a service, over those of devWorld. Takes {root, service}. */}}
{{- define "motcua.chosen-settings" -}}
{{- $block := index (include "motcua.services" .root | fromJson).services .service -}}
{{- mergeOverwrite (include "motcua.dev-settings" . | fromYaml) (deepCopy .root.Values.settings) (deepCopy $block.settings) | toJson -}}
{{- end -}}

{{/* Environment that every process of ours needs to trust and to be told where things are. Takes root. */}}
{{- define "motcua.trust" -}}
{{- if .Values.caBundle.configMap }}
SSL_CERT_FILE: /run/ca/ca.crt
REQUESTS_CA_BUNDLE: /run/ca/ca.crt
{{- end }}
{{- if .Values.tls.enabled }}
TLS_CERTIFICATE_FILE: /run/secrets/tls/tls.crt
TLS_KEY_FILE: /run/secrets/tls/tls.key
TLS_CA_FILE: /run/secrets/tls/ca.crt
{{- end }}
{{- end -}}
