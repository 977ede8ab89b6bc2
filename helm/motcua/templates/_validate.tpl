{{/* Refuses values that cannot work, all at once, each with its path. */}}
{{- define "motcua.validate" -}}
{{- $problems := concat
  (include "motcua.problems-of-settings" . | fromJsonArray)
  (include "motcua.problems-of-services" . | fromJsonArray)
  (include "motcua.problems-of-addresses" . | fromJsonArray)
  (include "motcua.problems-of-secrets" . | fromJsonArray) -}}
{{- if $problems -}}
{{- fail (printf "\n\nvalues of %s:\n  %s\n" .Chart.Name (uniq $problems | join "\n  ")) -}}
{{- end -}}
{{- end -}}

{{- define "motcua.problems-of-settings" -}}
{{- $problems := list -}}
{{- $rules := .Files.Get "files/settings.yaml" | fromYaml -}}
{{- $services := (include "motcua.services" . | fromJson).services -}}
{{- $given := dict "settings" .Values.settings -}}
{{- range $service, $block := $services -}}
{{- $_ := set $given (printf "services.%s.settings" $service) $block.settings -}}
{{- end -}}
{{- range $path, $settings := $given -}}
{{- range $name, $value := $settings -}}
{{- with index $rules.managed $name -}}
{{- $problems = append $problems (printf "%s.%s: the chart sets it; %s" $path $name .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.profile "production" -}}
{{- range $service, $block := $services -}}
{{- if $block.enabled -}}
{{- $chosen := include "motcua.chosen-settings" (dict "root" $ "service" $service) | fromJson -}}
{{- range index $rules.required $service -}}
{{- if not (index $chosen .) -}}
{{- $problems = append $problems (printf "services.%s.settings.%s: is required; its meaning stands in docs/reference/settings.md" $service .) -}}
{{- end -}}
{{- end -}}
{{- range index $rules.https $service -}}
{{- if hasPrefix "http:" (index $chosen . | default "" | toString | lower) -}}
{{- $problems = append $problems (printf "services.%s.settings.%s: want https in production" $service .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{- define "motcua.problems-of-services" -}}
{{- $problems := list -}}
{{- $root := . -}}
{{- $topology := .Files.Get "files/topology.yaml" | fromYaml -}}
{{- $needs := .Files.Get "files/needs.yaml" | fromYaml -}}
{{- $services := (include "motcua.services" . | fromJson).services -}}
{{- range $service, $block := $services -}}
{{- $path := printf "services.%s" $service -}}
{{- if $block.enabled -}}
{{- range index $topology.calls $service -}}
{{- $callee := index $services . -}}
{{- if not (or $callee.enabled $callee.address) -}}
{{- $problems = append $problems (printf "services.%s.address: is required: services.%s.enabled is false and %s calls it" . . $service) -}}
{{- end -}}
{{- end -}}
{{- $relays := false -}}
{{- range $topology.events -}}{{- if has $service .by -}}{{- $relays = true -}}{{- end -}}{{- end -}}
{{- range $topology.schedules -}}{{- if hasPrefix (printf "%s." $service) .task -}}{{- $relays = true -}}{{- end -}}{{- end -}}
{{- if and $relays (not $block.scheduler.enabled) -}}
{{- $problems = append $problems (printf "%s.scheduler.enabled: %s publishes events or works by schedule; without its scheduler they wait for ever" $path $service) -}}
{{- end -}}
{{- if and $block.http.enabled (not (index $needs $service).http) -}}
{{- $problems = append $problems (printf "%s.http.enabled: %s has no HTTP end" $path $service) -}}
{{- end -}}
{{- with $block.http.ingress -}}
{{- if .enabled -}}
{{- if not $block.http.enabled -}}{{- $problems = append $problems (printf "%s.http.ingress.enabled: needs %s.http.enabled" $path $path) -}}{{- end -}}
{{- if not .host -}}{{- $problems = append $problems (printf "%s.http.ingress.host: is required" $path) -}}{{- end -}}
{{- if and (eq $root.Values.profile "production") (not .tls.secretName) -}}
{{- $problems = append $problems (printf "%s.http.ingress.tls.secretName: is required in production" $path) -}}
{{- end -}}
{{- if and $root.Values.networkPolicy.enabled (not $root.Values.networkPolicy.ingressController) -}}
{{- $problems = append $problems (printf "networkPolicy.ingressController: is required with %s.http.ingress.enabled" $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if gt (int $block.autoscaling.minReplicas) (int $block.autoscaling.maxReplicas) -}}
{{- $problems = append $problems (printf "%s.autoscaling.minReplicas: is above maxReplicas" $path) -}}
{{- end -}}
{{- $problems = concat $problems (include "motcua.problems-of-queues" (dict "service" $service "block" $block "topology" $topology) | fromJsonArray) -}}
{{- end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{/* Each queue of a service is worked on by one pool, and no pool waits on a queue that nobody fills. */}}
{{- define "motcua.problems-of-queues" -}}
{{- $service := .service -}}
{{- $path := printf "services.%s.workers" $service -}}
{{- $tasks := list -}}
{{- range .topology.events -}}{{- $tasks = concat $tasks .to -}}{{- end -}}
{{- $tasks = concat $tasks .topology.schedules -}}
{{- $filled := list -}}
{{- range $task := $tasks -}}
{{- $full := ternary (dict "task" $task) $task (kindIs "string" $task) -}}
{{- if hasPrefix (printf "%s." $service) $full.task -}}{{- $filled = append $filled ($full.queue | default "default") -}}{{- end -}}
{{- end -}}
{{- $worked := list -}}
{{- $problems := list -}}
{{- range $pool, $worker := .block.workers -}}
{{- $worked = concat $worked ($worker.queues | default list) -}}
{{- if not $worker.queues -}}{{- $problems = append $problems (printf "%s.%s.queues: is required" $path $pool) -}}{{- end -}}
{{- end -}}
{{- range uniq $filled -}}
{{- if not (has . $worked) -}}{{- $problems = append $problems (printf "%s: no pool works on the queue `%s`" $path .) -}}{{- end -}}
{{- end -}}
{{- range uniq $worked -}}
{{- if not (has . $filled) -}}{{- $problems = append $problems (printf "%s: the queue `%s` is not one of %s" $path . $service) -}}{{- end -}}
{{- end -}}
{{- if gt (len $worked) (len (uniq $worked)) -}}{{- $problems = append $problems (printf "%s: a queue belongs to two pools" $path) -}}{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{- define "motcua.problems-of-addresses" -}}
{{- $problems := list -}}
{{- $services := (include "motcua.services" . | fromJson).services -}}
{{- $issuer := include "motcua.issuer" . -}}
{{- $store := include "motcua.object-store-url" . -}}
{{- $stored := or $services.dossier.enabled $services.permits.enabled -}}
{{- if not $issuer -}}{{- $problems = append $problems "oidc.issuer: is required" -}}{{- end -}}
{{- if and $stored (not $store) -}}{{- $problems = append $problems "objectStore.url: is required" -}}{{- end -}}
{{- if eq .Values.profile "production" -}}
{{- if hasPrefix "http:" (lower $issuer) -}}{{- $problems = append $problems "oidc.issuer: want https in production" -}}{{- end -}}
{{- if .Values.objectStore.publicUrl -}}
{{- if hasPrefix "http:" (lower .Values.objectStore.publicUrl) -}}{{- $problems = append $problems "objectStore.publicUrl: want https in production" -}}{{- end -}}
{{- else if hasPrefix "http:" (lower $store) -}}
{{- $problems = append $problems "objectStore.publicUrl: want an https URL in production; without one people are sent to objectStore.url, which is http" -}}
{{- end -}}
{{- range $switch := list "devStores" "devWorld" -}}
{{- if (index $.Values $switch).enabled -}}{{- $problems = append $problems (printf "%s.enabled: is refused in production; set profile: local" $switch) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.devWorld.enabled (not .Values.devStores.enabled) -}}
{{- $problems = append $problems "devWorld.enabled: needs devStores.enabled" -}}
{{- end -}}
{{- if and .Values.audit.enabled (eq .Values.profile "production") (eq .Values.audit.lock "none") -}}
{{- $problems = append $problems "audit.lock: is required in production: without it who may write to the store can delete seals" -}}
{{- end -}}
{{- if and .Values.audit.enabled (not .Values.audit.url) (not $store) -}}
{{- $problems = append $problems "audit.url: is required without an object store" -}}
{{- end -}}
{{- if and .Values.backup.enabled (hasPrefix "s3://" .Values.backup.target) (not .Values.backup.url) -}}
{{- $problems = append $problems "backup.url: is required with a target in S3" -}}
{{- end -}}
{{- if and .Values.backup.enabled (hasPrefix "/" .Values.backup.target) (not .Values.backup.existingClaim) -}}
{{- $problems = append $problems "backup.existingClaim: is required with a target that is a folder" -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{/*
Secrets that are not named, and those that are named but not in the namespace, as far as the cluster can be asked: it
cannot by `helm template` and without the right to list Secrets there is no installation.
*/}}
{{- define "motcua.problems-of-secrets" -}}
{{- $problems := list -}}
{{- $there := dict -}}
{{- $known := lookup "v1" "Secret" .Release.Namespace "" -}}
{{- range $known.items -}}{{- $_ := set $there .metadata.name (keys (.data | default dict)) -}}{{- end -}}
{{- range (include "motcua.named-secrets" . | fromJson).secrets -}}
{{- $path := .path -}}
{{- $source := .source | default "`motcua secrets` makes it" -}}
{{- if not .secret -}}
{{- $problems = append $problems (printf "%s: is required: name the Secret with %s; %s" $path (join ", " .keys) $source) -}}
{{- else if $known -}}
{{- $name := .secret -}}
{{- if not (hasKey $there $name) -}}
{{- $problems = append $problems (printf "%s: there is no Secret %s in the namespace %s; %s" $path $name $.Release.Namespace $source) -}}
{{- else -}}
{{- range .keys -}}
{{- if not (has . (index $there $name)) -}}{{- $problems = append $problems (printf "%s: the Secret %s has no key %s" $path $name .) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{/* Every Secret that is needed: {secrets: [{path, secret, keys, source}]}; path is that of the value that names it, source whoever makes it. */}}
{{- define "motcua.named-secrets" -}}
{{- $root := . -}}
{{- $secrets := list -}}
{{- $facts := .Files.Get "files/secrets.yaml" | fromYaml -}}
{{- $needs := .Files.Get "files/needs.yaml" | fromYaml -}}
{{- range $service, $block := (include "motcua.services" . | fromJson).services -}}
{{- if $block.enabled -}}
{{- $all := list -}}
{{- range index $needs $service -}}{{- $all = concat $all . -}}{{- end -}}
{{- range $need := uniq $all -}}
{{- with index $facts $need -}}
{{- $path := printf "services.%s.existingSecret" $service -}}
{{- $secret := $block.existingSecret -}}
{{- if .value -}}
{{- $secret = (index $block .value).existingSecret -}}
{{- $path = printf "services.%s.%s.existingSecret" $service .value -}}
{{- if not $secret -}}
{{- $secret = (index $root.Values .value).existingSecret -}}
{{- $path = printf "%s.existingSecret" .value -}}
{{- end -}}
{{- end -}}
{{- $keys := list -}}
{{- range (index . $service | default .files) -}}{{- $keys = concat $keys (.keys | default list) -}}{{- end -}}
{{- $secrets = append $secrets (dict "path" $path "secret" $secret "keys" $keys) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $pairs := list "tls.crt" "tls.key" "ca.crt" -}}
{{- if .Values.tls.enabled -}}
{{- range $service, $block := (include "motcua.services" . | fromJson).services -}}
{{- if $block.enabled -}}
{{- $secrets = append $secrets (dict "path" (printf "services.%s.tls.existingSecret" $service) "secret" $block.tls.existingSecret "keys" $pairs) -}}
{{- end -}}
{{- end -}}
{{- if .Values.ops.enabled -}}{{- $secrets = append $secrets (dict "path" "ops.tls.existingSecret" "secret" .Values.ops.tls.existingSecret "keys" $pairs) -}}{{- end -}}
{{- if .Values.devWorld.enabled -}}{{- $secrets = append $secrets (dict "path" "devWorld.tls.existingSecret" "secret" .Values.devWorld.tls.existingSecret "keys" $pairs) -}}{{- end -}}
{{- end -}}
{{- if .Values.ops.enabled -}}{{- $secrets = append $secrets (dict "path" "ops.existingSecret" "secret" .Values.ops.existingSecret "keys" (list "CLIENT_SECRET")) -}}{{- end -}}
{{- if .Values.devWorld.enabled -}}{{- $secrets = append $secrets (dict "path" "devWorld.existingSecret" "secret" .Values.devWorld.existingSecret "keys" (list "eid-client-secret" "chain.pem")) -}}{{- end -}}
{{- with .Values.seed.existingSecret -}}{{- $secrets = append $secrets (dict "path" "seed.existingSecret" "secret" . "keys" (list "identity-seed.yaml")) -}}{{- end -}}
{{- if and .Values.backup.enabled (hasPrefix "s3://" .Values.backup.target) -}}
{{- $secrets = append $secrets (dict "path" "backup.existingSecret" "secret" .Values.backup.existingSecret "keys" (list "BACKUP_STORE_ACCESS_KEY" "BACKUP_STORE_SECRET_KEY") "source" "you make it: docs/how-to/back-up-and-restore.md") -}}
{{- end -}}
{{- if .Values.audit.enabled -}}
{{- $keys := concat (list "key.pem" "certificate.pem" "chain.pem" "trust.pem") (ternary (list "AUDIT_STORE_ACCESS_KEY" "AUDIT_STORE_SECRET_KEY") list (ne .Values.audit.url "")) -}}
{{- $secrets = append $secrets (dict "path" "audit.existingSecret" "secret" .Values.audit.existingSecret "keys" $keys "source" "you make it: docs/how-to/seal-histories.md") -}}
{{- end -}}
{{- toJson (dict "secrets" $secrets) -}}
{{- end -}}
