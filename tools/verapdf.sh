#!/usr/bin/env bash
# Put veraPDF, the independent judge of PDF/A and PDF/UA, under .motcua/verapdf (needs java and mvn; once).
set -euo pipefail
cd "$(dirname "$0")/.."
version=1.28.2
target=$PWD/.motcua/verapdf/$version
if [ -e "$target/complete" ]; then
  exit 0
fi
mkdir -p "$target"
cat > "$target/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>verapdf</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.verapdf.apps</groupId><artifactId>greenfield-apps</artifactId><version>$version</version></dependency>
  </dependencies>
</project>
POM
if ! mvn -q -B -f "$target/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$target/lib"; then
  echo "veraPDF $version could not be fetched by mvn; tests that need it say so" >&2
  exit 1
fi
touch "$target/complete"
