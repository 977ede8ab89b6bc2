{{/*
A pod of the operators' command. Takes {root, name, args, uses}, and service when it works as one. It signs in as the
OIDC client `ops`.
*/}}
{{- define "motcua.operation" -}}
{{- $root := .root -}}
{{- $ops := $root.Values.ops -}}
name: {{ include "motcua.fullname" $root }}-{{ .name }}
component: {{ .name }}
process: operation
container: {{ .name }}
image: {{ include "motcua-service.image" (dict "root" $root "image" $ops.image "name" "ops") }}
args: {{ toJson .args }}
resources: {{ toJson $root.Values.resources.job }}
restart: Never
limitSeconds: 3600
uses: {{ toJson .uses }}
{{- end -}}

{{/* Secrets of stores and of the client `ops`, as far as they are among the needs. Takes {root, needs}. */}}
{{- define "motcua.operation-secrets" -}}
{{- $ops := .root.Values.ops -}}
{{- $block := dict "existingSecret" $ops.existingSecret "tls" $ops.tls -}}
{{- range list "mongodb" "broker" "objectStore" "pageTokens" "signing" -}}
{{- $_ := set $block . dict -}}
{{- end -}}
{{- include "motcua.secrets" (dict "root" .root "service" "ops" "block" $block "needs" .needs) -}}
{{- end -}}

{{/* Where the suite is, for the client `ops`. */}}
{{- define "motcua.operation-environment" -}}
{{- $identity := include "motcua.identity-url" . -}}
SECRETS_DIR: /run/secrets/motcua
ISSUER: {{ include "motcua.issuer" . }}
{{- with .Values.oidc.tokenUrl | default (and $identity (printf "%s/token" $identity)) }}
TOKEN_URL: {{ . }}
{{- end }}
{{- range $name, $_ := .Values.services }}
{{- with include "motcua.address" (dict "root" $ "name" $name) }}
{{ upper $name }}_ADDRESS: {{ . }}
{{- end }}
{{- end }}
{{ include "motcua.trust" . }}
{{- end -}}
