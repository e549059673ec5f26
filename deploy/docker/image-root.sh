#!/bin/sh
# Makes the root directory of an image: a program, the shared libraries that it needs with their
# terms, and who runs it. Nothing else: no shell, no package manager.
#   deploy/docker/image-root.sh DIRECTORY PROGRAM
# All files have the time SOURCE_DATE_EPOCH, if that is set.
set -eu

directory=$1
program=$2

# Where the dynamic linker looks without being told. It has a path of its own.
mkdir -p "$directory/usr/local/bin" "$directory/usr/lib" "$directory/etc"
cp "$program" "$directory/usr/local/bin/"
ldd "$program" | sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' | while read -r library; do
    case $library in
    */ld-linux*) cp -L --parents "$library" "$directory" ;;
    *) cp -L "$library" "$directory/usr/lib/" ;;
    esac
    package=$(dpkg -S "*$library" 2>/dev/null | sed 's/:.*//;q')
    [ -z "$package" ] || cp --parents "/usr/share/doc/$package/copyright" "$directory"
done

# For those who look up their own name. Containers get an /etc/hosts, which counts first.
echo 'simul:x:10001:10001::/:/usr/sbin/nologin' >"$directory/etc/passwd"
echo 'simul:x:10001:' >"$directory/etc/group"
echo 'hosts: files dns' >"$directory/etc/nsswitch.conf"

[ -z "${SOURCE_DATE_EPOCH:-}" ] || find "$directory" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
