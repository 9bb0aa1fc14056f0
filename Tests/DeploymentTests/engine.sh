# Containers without a daemon, without systemd and without a registry: podman and buildah with all that they keep in one directory.
# To be sourced; "$1" of engine_configure is that directory.

readonly DEBIAN_IMAGE=debian:bookworm-slim
readonly POSTGRES_IMAGE=postgres:15-bookworm

# Writes podman's configuration and names it in the environment.
engine_configure() {
    local directory=$1
    mkdir -p "$directory"
    cat >"$directory/containers.conf" <<EOF
[engine]
runtime = "runc" # crun refuses a machine with both versions of cgroups
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "$directory/tmp"
[containers]
cgroups = "enabled"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[network]
network_backend = "netavark"
network_config_dir = "$directory/networks"
EOF
    cat >"$directory/storage.conf" <<EOF
[storage]
driver = "overlay"
graphroot = "$directory/root"
runroot = "$directory/run"
EOF
    export CONTAINERS_CONF=$directory/containers.conf CONTAINERS_STORAGE_CONF=$directory/storage.conf
    # Health is asked for by the test (podman.sh): there is no systemd whose timers could.
    export DISABLE_HC_SYSTEMD=true BUILDAH_ISOLATION=chroot
}

# Makes the image that the Dockerfile begins with: Debian, by debootstrap, as small as the official one. It is kept for a week.
engine_make_debian() {
    local tree=$1/debian kept=.build/debian-bookworm.tar
    if [ -z "$(find "$kept" -mtime -7 2>/dev/null)" ]; then
        debootstrap --variant=minbase --include=ca-certificates bookworm "$tree" \
            >"$1/../debootstrap.log" 2>&1 || { tail -n 5 "$1/../debootstrap.log" >&2; return 1; }
        # As in the official image: packages are unpacked without a sync for each file, and what nobody reads is not there.
        echo force-unsafe-io >"$tree/etc/dpkg/dpkg.cfg.d/unsafe-io"
        rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/*_* "$tree"/usr/share/{doc,man,info,locale}/*
        tar -C "$tree" -cf "$kept.$$" . && mv "$kept.$$" "$kept"
        rm -rf "$tree"
    fi
    podman import --quiet "$kept" "$DEBIAN_IMAGE" >/dev/null
}

# Makes what stands for the official image of Postgres, from this machine's Postgres and the libraries that it loads.
engine_make_postgres() {
    local tree=$1/postgres home=/usr/lib/postgresql/15 file
    mkdir -p "$tree/usr/lib/postgresql" "$tree/usr/share/postgresql"
    cp -a "$home" "$tree/usr/lib/postgresql/"
    rm -rf "$tree$home/lib/bitcode" "$tree$home/lib/llvmjit"*
    cp -a /usr/share/postgresql/15 "$tree/usr/share/postgresql/"
    for file in "$home"/bin/{postgres,initdb,pg_ctl,psql,pg_isready,pg_dump,pg_dumpall,pg_restore,pg_basebackup} "$home"/lib/{plpgsql,dict_snowball}.so; do
        ldd "$file" | awk '$3 ~ "^/" { print $3 }'
    done | sort -u | while read -r file; do
        [[ $file != /lib/* ]] || file=/usr$file # /lib is a link in the image
        cp -L --parents "$file" "$tree"
    done
    podman build --quiet --format docker --build-context "postgres=$tree" --tag "$POSTGRES_IMAGE" \
        Tests/DeploymentTests/postgres >/dev/null
    rm -rf "$tree"
}
