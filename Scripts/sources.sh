# The project's sources by language, each name ended by a NUL. Generated files are left out.
# shellcheck shell=bash

sources() {
    find Package.swift Sources Plugins Native Tests Benchmarks Examples Scripts .ci \
        -name Generated -prune -o -name Infra-1.0 -prune -o -name .build -prune -o -type f "$@" -print0
}

swift_sources() { sources -name '*.swift'; }

# The headers that specs/abi/generate writes, and its field tables, are generated.
c_sources() {
    sources -name '*.[ch]' ! -path 'Sources/CPintleFields/fields.c' \
        ! -path 'Sources/CPintleABI/include/pintle/runtime.h' ! -path 'Sources/CPintleABI/include/pintle/network.h' \
        ! -path 'Sources/CPintleABI/include/pintle/storage.h'
}

# Files without a suffix whose first line names a shell, and *.sh.
shell_sources() {
    local file
    while IFS= read -r -d '' file; do
        case $(head -n 1 "$file" | tr -d '\0') in '#!'*sh) printf '%s\0' "$file" ;; esac
    done < <(sources ! -name '*.*')
    sources -name '*.sh'
}
