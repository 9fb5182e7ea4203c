#!/bin/busybox sh
# The guest's first program: mounts the host's root under a file system in memory, runs the command that boot.sh left,
# and turns the guest off.
exec >/dev/console 2>&1
b=/bin/busybox
$b mkdir -p /proc /sys /dev
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
while read -r module; do $b insmod "/modules/$module"; done </modules/order

share="trans=virtio,version=9p2000.L"
$b mkdir -p /host /over /root /exchange
$b mount -t 9p -o "$share,ro,cache=loose,msize=524288" host /host || { echo "no host root"; $b poweroff -f; }
$b mount -t tmpfs -o size=80% tmpfs /over
$b mkdir -p /over/upper /over/work
$b mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/work overlay /root
r=/root
$b mount -t proc proc $r/proc
$b mount -t sysfs sys $r/sys
$b mount -o bind /dev $r/dev
$b mkdir -p $r/dev/pts $r/dev/shm
$b mount -t devpts -o ptmxmode=666 devpts $r/dev/pts
$b mount -t tmpfs -o mode=1777 tmpfs $r/dev/shm
$b mount -t tmpfs -o mode=755 tmpfs $r/run
$b mount -t tmpfs -o mode=1777 tmpfs $r/tmp
$b ln -s /proc/self/fd $r/dev/fd
$b ln -s fd/0 $r/dev/stdin
$b ln -s fd/1 $r/dev/stdout
$b ln -s fd/2 $r/dev/stderr
$b mkdir -p $r/run/exchange
$b mount -t 9p -o "$share,cache=none,msize=131072" exchange $r/run/exchange
$b ip link set lo up
$b hostname guest

# The kernel asks for modules from out here; the way to them leads through the host's root, which sees the unpacked tree.
kernel=$($b cat $r/run/exchange/kernel)
$b mkdir -p $r/lib/modules /sbin
$b mount -o bind "/host$kernel/lib/modules" $r/lib/modules
printf '#!/bin/busybox sh\nexec /bin/busybox chroot /root /sbin/modprobe "$@"\n' >/sbin/modprobe
$b chmod 755 /sbin/modprobe
for module in $($b cat $r/run/exchange/modules); do $b chroot $r /sbin/modprobe "$module"; done
$b mount -t configfs configfs $r/sys/kernel/config 2>/dev/null
while read -r folder; do
    [ -d "$r$folder" ] && continue
    $b mkdir -p "$r$folder"
    $b mount -o bind "/host$folder" "$r$folder"
done <$r/run/exchange/folders

port() { for p in /sys/class/virtio-ports/*; do [ "$($b cat "$p/name")" = "$1" ] && echo "/dev/${p##*/}"; done; }
$b chroot $r /bin/bash /run/exchange/command >"$(port out)" 2>"$(port err)" </dev/null
echo $? >$r/run/exchange/status
$b sync
$b poweroff -f
