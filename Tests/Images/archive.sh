# Functions of build-images that put layers and archives together. They use $work, $target and $epoch.
# shellcheck shell=bash disable=SC2154

digest_of() { sha256sum "$1" | cut -d' ' -f1; }

created() { date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ; }

# A tar archive of a directory that has the same bytes each time.
pack() {
    tar -c -C "$1" --sort=name --mtime="@$epoch" --numeric-owner --format=posix \
        --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime -f "$2" .
}

# make_layer NAME ROOT: leaves $work/NAME.layer.
make_layer() { pack "$2" "$work/$1.layer"; }

# The image configuration: config CONFIG-MEMBERS LAYER…
config() {
    local members=$1 separator='' layer
    shift
    printf '{"created":"%s","architecture":"%s","os":"linux","config":{%s},"rootfs":{"type":"layers","diff_ids":[' \
        "$(created)" "$(dpkg --print-architecture)" "$members"
    for layer in "$@"; do
        printf '%s"sha256:%s"' "$separator" "$(digest_of "$work/$layer.layer")"
        separator=,
    done
    printf ']}}'
}

# write_docker NAME CONFIG-MEMBERS TAGS LAYER…: a docker-archive.
write_docker() {
    local name=$1 members=$2 tags=$3 layer paths='' names='' tag root=$work/$1.archive
    shift 3
    mkdir "$root"
    config "$members" "$@" >"$root/config"
    for layer in "$@"; do
        cp "$work/$layer.layer" "$root/$(digest_of "$work/$layer.layer").tar"
        paths="$paths${paths:+,}\"$(digest_of "$work/$layer.layer").tar\""
    done
    for tag in $tags; do names="$names${names:+,}\"$tag\""; done
    local id
    id=$(digest_of "$root/config")
    mv "$root/config" "$root/$id.json"
    printf '[{"Config":"%s.json","RepoTags":[%s],"Layers":[%s]}]' "$id" "$names" "$paths" >"$root/manifest.json"
    finish "$root" "$name"
}

# add_blob FILE TYPE: moves a file into the layout's blobs and prints its descriptor.
add_blob() {
    local digest
    digest=$(digest_of "$1")
    printf '{"mediaType":"%s","digest":"sha256:%s","size":%s}' "$2" "$digest" "$(stat -c %s "$1")"
    mv "$1" "$root/blobs/sha256/$digest"
}

# write_oci NAME CONFIG-MEMBERS REFERENCE gzip|zstd LAYER…: an OCI layout.
write_oci() {
    local name=$1 members=$2 reference=$3 compression=$4 root=$work/$1.archive layer layers='' image descriptor
    shift 4
    mkdir -p "$root/blobs/sha256"
    for layer in "$@"; do
        case $compression in
            gzip) gzip -n -6 <"$work/$layer.layer" >"$work/blob" ;;
            zstd) zstd -q -9 -T1 <"$work/$layer.layer" >"$work/blob" ;;
        esac
        layers="$layers${layers:+,}$(add_blob "$work/blob" "application/vnd.oci.image.layer.v1.tar+$compression")"
    done
    config "$members" "$@" >"$work/blob"
    image=$(add_blob "$work/blob" application/vnd.oci.image.config.v1+json)
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
        "$image" "$layers" >"$work/blob"
    descriptor=$(add_blob "$work/blob" application/vnd.oci.image.manifest.v1+json)
    printf '{"schemaVersion":2,"manifests":[%s,"platform":{"os":"linux","architecture":"%s"},"annotations":{%s,%s}}]}' \
        "${descriptor%\}}" "$(dpkg --print-architecture)" "\"io.containerd.image.name\":\"$reference\"" \
        "\"org.opencontainers.image.ref.name\":\"${reference##*:}\"" >"$root/index.json"
    printf '{"imageLayoutVersion":"1.0.0"}' >"$root/oci-layout"
    finish "$root" "$name"
}

# Puts an archive in its place in one step.
finish() {
    pack "$1" "$target/$2.tar.new"
    mv "$target/$2.tar.new" "$target/$2.tar"
    rm -rf "$1"
}
