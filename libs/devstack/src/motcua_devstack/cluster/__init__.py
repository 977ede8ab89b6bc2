"""The suite on a Kubernetes cluster, through the programs that operators use: kubectl and helm."""
