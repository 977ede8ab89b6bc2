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

{{/* Lets a workload read the store of seals. Takes {root, workload}, whose way to the object store it has already. */}}
{{- define "motcua.reads-seals" -}}
{{- $audit := .root.Values.audit -}}
{{- $workload := .workload -}}
{{- $environment := dict "AUDIT_BUCKET" $audit.bucket "AUDIT_PREFIX" $audit.prefix -}}
{{- if $audit.url -}}
{{- $environment = merge $environment (dict "AUDIT_STORE_URL" $audit.url "AUDIT_STORE_REGION" $audit.region) -}}
{{- $_ := set $workload.secrets "motcua" (append $workload.secrets.motcua (dict "secret" $audit.existingSecret "keys" (list "AUDIT_STORE_ACCESS_KEY" "AUDIT_STORE_SECRET_KEY"))) -}}
{{- $_ := set $workload "uses" (append $workload.uses "audit") -}}
{{- end -}}
{{- $_ := set $workload "environment" (merge $workload.environment $environment) -}}
{{- toJson $workload -}}
{{- end -}}

{{/* A pod of `motcua audit`. Takes {root, task, files}: those of the Secret `audit.existingSecret` that it sees. */}}
{{- define "motcua.audit-operation" -}}
{{- $root := .root -}}
{{- $audit := $root.Values.audit -}}
{{- $stores := concat (list "mongodb") (ternary list (list "object-store") (ne $audit.url "")) -}}
{{- $workload := include "motcua.operation" (dict "root" $root "name" (printf "audit-%s" .task)
  "args" (list "motcua_ops" "audit" .task) "uses" $stores) | fromYaml -}}
{{- $environment := merge (dict "SECRETS_DIR" "/run/secrets/motcua") (include "motcua.trust" $root | fromYaml) -}}
{{- if not $audit.url -}}
{{- $environment = merge $environment (dict "OBJECT_STORE_URL" (include "motcua.object-store-url" $root)
  "OBJECT_STORE_REGION" $root.Values.objectStore.region) -}}
{{- end -}}
{{- $secrets := include "motcua.operation-secrets" (dict "root" $root "needs" $stores) | fromYaml -}}
{{- $_ := set $secrets "audit" (list (dict "secret" $audit.existingSecret "keys" .files)) -}}
{{- $more := dict "environment" $environment "secrets" $secrets "timeZone" "Asia/Ho_Chi_Minh" "tmpSize" $audit.tmpSize "limitSeconds" 21600 -}}
{{- include "motcua.reads-seals" (dict "root" $root "workload" (mergeOverwrite $workload $more)) -}}
{{- end -}}
