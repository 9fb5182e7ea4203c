// UDP sockets with what Glibc's module does not give to Swift: several datagrams to a system call (recvmmsg(2),
// sendmmsg(2)), and where each came in or is to leave from (IP_PKTINFO of ip(7), IPV6_PKTINFO of RFC 3542 6.1).
#ifndef GATEHOUSE_CDATAGRAMS_H
#define GATEHOUSE_CDATAGRAMS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /// Datagrams of one call at most. Their headers lie on the stack, 200 bytes each.
    GD_BATCH = 32,
};

/// An Internet address and port.
typedef struct gd_address {
    /// The 128 bits; an IPv4 address is in the lowest 32.
    uint64_t high, low;
    /// The interface of a link-local IPv6 address.
    uint32_t scope;
    uint16_t port;
    /// 4, 6; 0 for no address.
    uint8_t family;
} gd_address;

/// A datagram that has come, or is to go.
typedef struct gd_datagram {
    uint8_t *bytes;
    /// Receiving: the room before, the length after the call; what did not fit is lost.
    size_t length;
    /// Receiving: who sent it. Sending: to whom; no address for the one peer of a connected socket.
    gd_address remote;
    /// Receiving: where it was sent to, without a port, when the socket asks for that. Sending: where it is to come from;
    /// no address lets the kernel choose.
    gd_address local;
    /// The interface it came in or is to leave by; 0 for none in particular.
    uint32_t interface;
} gd_datagram;

/// Reads what has come, without waiting: the number of datagrams, or the negative error number.
int gd_receive(int socket, gd_datagram *datagrams, size_t count);

/// Sends datagrams in their order: the number that went, or, when the first did not, the negative error number. IPv6
/// sockets take IPv6 addresses alone.
int gd_send(int socket, const gd_datagram *datagrams, size_t count);

#ifdef __cplusplus
}
#endif
#endif
