{{/*
Work of services that runs once: {workloads: [...]}.

Migrations run before anything of a new version starts. Stores of this very release (devStores) are not there before an
installation: then they are ordinary Jobs, and the processes wait for the schema either way. A rollback runs none: an older
version works on a newer schema. Base data come when all is installed, and again after each upgrade: what is there stays.
*/}}
{{- define "motcua.jobs" -}}
{{- $root := . -}}
{{- $first := and .Values.devStores.enabled .Release.IsInstall -}}
{{- $before := ternary (dict) (dict "events" "pre-install,pre-upgrade" "weight" 0) $first -}}
{{- if .Values.devStores.enabled -}}{{- $before = ternary (dict) (dict "events" "pre-upgrade" "weight" 0) $first -}}{{- end -}}
{{- $after := dict "events" "post-install,post-upgrade" "weight" 0 -}}
{{- $workloads := list -}}
{{- range $service, $block := (include "motcua.services" . | fromJson).services -}}
{{- if $block.enabled -}}
{{- $module := printf "motcua_%s" $service -}}
{{- $jobs := list (dict "task" "migrate" "args" (list $module "migrate") "hook" $before) -}}
{{- if and (eq $service "identity") $root.Values.seed.existingSecret -}}
{{- $jobs = append $jobs (dict "task" "seed" "args" (list $module "seed" "--file" "/run/secrets/seed/identity-seed.yaml") "hook" $after) -}}
{{- end -}}
{{- if and (eq $service "land") $root.Values.parcels.load -}}
{{- $jobs = append $jobs (dict "task" "parcels" "args" (list $module "load" "--dir" "city/parcels") "hook" $after) -}}
{{- end -}}
{{- range $job := $jobs -}}
{{- $workload := mergeOverwrite $job (include "motcua.job" (dict "root" $root "service" $service "block" $block "job" $job) | fromJson) -}}
{{- $workloads = append $workloads $workload -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson (dict "workloads" $workloads) -}}
{{- end -}}

{{- define "motcua.job" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $task := .job.task -}}
{{- $facts := include "motcua.needs" (dict "root" $root "service" $service "process" $task) | fromJson -}}
{{- $secrets := include "motcua.secrets" (dict "root" $root "service" $service "block" .block "needs" $facts.needs) | fromJson -}}
{{- $workload := dict "service" $service "process" "job" "component" (printf "%s-%s" $service $task) "container" $task -}}
{{- $_ := set $workload "name" (printf "%s-%s-%s" (include "motcua.fullname" $root) $service $task) -}}
{{- $_ := set $workload "image" (include "motcua-service.image" (dict "root" $root "image" .block.image "name" $service)) -}}
{{- $_ := set $workload "resources" (mergeOverwrite (deepCopy $root.Values.resources.job) (.block.resources.job | default dict)) -}}
{{- $_ := set $workload "restart" "OnFailure" -}}
{{- $_ := set $workload "attempts" 10 -}}
{{- $_ := set $workload "limitSeconds" $root.Values.migrations.limitSeconds -}}
{{- $_ := set $workload "uses" $facts.uses -}}
{{- if eq $task "seed" -}}{{- $_ := set $secrets "seed" (list (dict "secret" $root.Values.seed.existingSecret)) -}}{{- end -}}
{{- if ne $task "migrate" -}}{{- $_ := set $workload "before" (list (printf "motcua_%s" $service) "migrate" "--check") -}}{{- end -}}
{{- $_ := set $workload "secrets" $secrets -}}
{{- $environment := include "motcua.facts" (dict "root" $root "workload" $workload "facts" $facts) | fromYaml -}}
{{- $chosen := include "motcua.chosen-settings" (dict "root" $root "service" $service) | fromJson -}}
{{- $_ := set $workload "environment" (mergeOverwrite $chosen $environment) -}}
{{- toJson $workload -}}
{{- end -}}
