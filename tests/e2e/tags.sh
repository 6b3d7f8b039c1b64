#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ocync tags: all tags of a repository or layout, and those that rules select.
. "$(dirname "$0")/lib.sh"

start_registry source
S=${LISTEN_OF[source]}
ALL="1.0 1.1 1.2 1.2-rc1 1.10 2.0 dev latest"
push_image six-blobs source app:1.0
for tag in $ALL; do
    expect_run "tag $tag" 0 copy "$S/app:1.0" "$S/app:$tag"
    expect_run "tag $tag, in a layout" 0 copy "$S/app:1.0" "oci:$WORK/layout:$tag"
done

# lists DESCRIPTION "TAGS" OPTION...: the same from the registry and from the layout.
lists()
{
    local description=$1 wanted=$2 where
    shift 2
    for where in "$S/app" "oci:$WORK/layout"; do
        run tags "$@" "$where"
        equal "$description (${where%%:*})" "$wanted" "$(tr '\n' ' ' <"$OUT" | sed 's/ $//')"
    done
}

lists "all, by name" "1.0 1.1 1.10 1.2 1.2-rc1 2.0 dev latest"
lists "a glob" "1.0 1.1 1.10 1.2 1.2-rc1" --glob '1.*'
lists "two globs" "2.0 dev" --glob '2.*' --glob 'd?v'
lists "a regular expression fits whole tags" "1.0 1.1 1.2" --regex '1\.[0-9]'
lists "a range leaves prereleases out" "1.1 1.10 1.2" --semver '>=1.1, <2'
lists "by version" "2.0 1.10 1.2" --semver '>=1.2' --sort semver
lists "the latest two by version" "2.0 1.10" --semver '>=1' --sort semver --latest 2
lists "the latest by bytes" "latest dev" --sort alpha --latest 2
lists "an exclude" "dev latest" --exclude '[0-9]*'
lists "a literal include" "latest 2.0" --glob '2.*' --include latest
run tags --json --glob '2.*' "$S/app"
equal "as JSON" "[\"$S/app\",[\"2.0\"]]" "$(jq -c '[.name, .tags]' "$OUT")"

expect_error "a range that is none" 2 'semver' tags --semver '>=x' "$S/app"
expect_error "latest of no order" 2 'latest.*sort' tags --latest 2 "$S/app"
expect_error "an order that is none" 2 'sort' tags --sort size "$S/app"
expect_error "a repository that is not there" 2 'nothing-here' tags "$S/nothing-here"
