#define _GNU_SOURCE
#include "CDatagrams.h"

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

typedef union name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} name;

/// Room for one control message; IPv6's is the longer one.
typedef union control {
    struct cmsghdr aligned;
    char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
} control;

static gd_address address_v4(struct in_addr address, uint16_t port) {
    return (gd_address){.low = ntohl(address.s_addr), .port = port, .family = 4};
}

static gd_address address_v6(const struct in6_addr *address, uint16_t port, uint32_t scope) {
    uint64_t halves[2];
    memcpy(halves, address, sizeof halves);
    return (gd_address){
        .high = be64toh(halves[0]), .low = be64toh(halves[1]), .scope = scope, .port = port, .family = 6};
}

static struct in6_addr bytes_v6(const gd_address *address) {
    struct in6_addr result;
    uint64_t halves[2] = {htobe64(address->high), htobe64(address->low)};
    memcpy(&result, halves, sizeof result);
    return result;
}

static void read_control(struct msghdr *header, gd_datagram *datagram) {
    for (struct cmsghdr *next = CMSG_FIRSTHDR(header); next != NULL; next = CMSG_NXTHDR(header, next)) {
        if (next->cmsg_level == IPPROTO_IP && next->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(next), sizeof info);
            datagram->local = address_v4(info.ipi_addr, 0);
            datagram->interface = (uint32_t)info.ipi_ifindex;
        } else if (next->cmsg_level == IPPROTO_IPV6 && next->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(next), sizeof info);
            datagram->local = address_v6(&info.ipi6_addr, 0, 0);
            datagram->interface = (uint32_t)info.ipi6_ifindex;
        }
    }
}

int gd_receive(int socket, gd_datagram *datagrams, size_t count) {
    if (count > GD_BATCH) count = GD_BATCH;
    struct mmsghdr messages[GD_BATCH];
    struct iovec parts[GD_BATCH];
    name names[GD_BATCH];
    control controls[GD_BATCH];
    for (size_t index = 0; index < count; index++) {
        parts[index] = (struct iovec){datagrams[index].bytes, datagrams[index].length};
        messages[index].msg_hdr = (struct msghdr){
            .msg_name = &names[index], .msg_namelen = sizeof names[index], .msg_iov = &parts[index], .msg_iovlen = 1,
            .msg_control = &controls[index], .msg_controllen = sizeof controls[index]};
    }
    int received;
    do received = recvmmsg(socket, messages, (unsigned)count, MSG_DONTWAIT, NULL);
    while (received < 0 && errno == EINTR);
    if (received < 0) return -errno;
    for (int index = 0; index < received; index++) {
        gd_datagram *datagram = &datagrams[index];
        const name *from = &names[index];
        datagram->length = messages[index].msg_len;
        datagram->remote = datagram->local = (gd_address){0};
        datagram->interface = 0;
        if (from->any.sa_family == AF_INET) {
            datagram->remote = address_v4(from->v4.sin_addr, ntohs(from->v4.sin_port));
        } else if (from->any.sa_family == AF_INET6) {
            datagram->remote = address_v6(&from->v6.sin6_addr, ntohs(from->v6.sin6_port), from->v6.sin6_scope_id);
        }
        read_control(&messages[index].msg_hdr, datagram);
    }
    return received;
}

static socklen_t write_name(const gd_address *address, name *to) {
    if (address->family == 4) {
        to->v4 = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = htons(address->port), .sin_addr.s_addr = htonl((uint32_t)address->low)};
        return sizeof to->v4;
    }
    to->v6 = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(address->port), .sin6_addr = bytes_v6(address),
        .sin6_scope_id = address->scope};
    return sizeof to->v6;
}

static void write_control(const gd_datagram *datagram, control *to, struct msghdr *header) {
    if (datagram->local.family == 0 && datagram->interface == 0) return;
    memset(to, 0, sizeof *to);
    header->msg_control = to;
    if (datagram->remote.family == 4) {
        struct in_pktinfo info = {
            .ipi_ifindex = (int)datagram->interface, .ipi_spec_dst.s_addr = htonl((uint32_t)datagram->local.low)};
        to->aligned = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IP, IP_PKTINFO};
        memcpy(CMSG_DATA(&to->aligned), &info, sizeof info);
        header->msg_controllen = CMSG_SPACE(sizeof info);
    } else {
        struct in6_pktinfo info = {.ipi6_addr = bytes_v6(&datagram->local), .ipi6_ifindex = datagram->interface};
        to->aligned = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IPV6, IPV6_PKTINFO};
        memcpy(CMSG_DATA(&to->aligned), &info, sizeof info);
        header->msg_controllen = CMSG_SPACE(sizeof info);
    }
}

int gd_send(int socket, const gd_datagram *datagrams, size_t count) {
    if (count > GD_BATCH) count = GD_BATCH;
    struct mmsghdr messages[GD_BATCH];
    struct iovec parts[GD_BATCH];
    name names[GD_BATCH];
    control controls[GD_BATCH];
    for (size_t index = 0; index < count; index++) {
        const gd_datagram *datagram = &datagrams[index];
        struct msghdr *header = &messages[index].msg_hdr;
        parts[index] = (struct iovec){datagram->bytes, datagram->length};
        *header = (struct msghdr){.msg_iov = &parts[index], .msg_iovlen = 1};
        if (datagram->remote.family == 0) continue;
        header->msg_name = &names[index];
        header->msg_namelen = write_name(&datagram->remote, &names[index]);
        write_control(datagram, &controls[index], header);
    }
    int sent;
    do sent = sendmmsg(socket, messages, (unsigned)count, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}
