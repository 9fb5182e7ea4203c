/*
 * Kernel sockets of Bluetooth: the management channel and raw HCI. What they carry is read and written in Swift; here is
 * only what needs the C structures of libbluetooth's headers, and waiting.
 *
 * A function that returns a descriptor or a count returns a negative errno on failure.
 */
#ifndef GATEHOUSE_CBLUETOOTH_H
#define GATEHOUSE_CBLUETOOTH_H

#include <stddef.h>
#include <stdint.h>

/* The longest message of either socket: a management reply of 64 KiB does not occur with our commands, the longest of
 * ours is a key list of 2 + 36 * 64 bytes; an HCI event has 258 at most. */
#define GH_BT_MESSAGE_MAX 4096

/* The management channel (HCI_CHANNEL_CONTROL). Needs no capability; powering an adapter needs CAP_NET_ADMIN later. */
int gh_bt_management_open(void);

/* Raw HCI of one adapter, limited to LE events and answers to commands. Succeeds without CAP_NET_RAW, but then sending a
 * command is refused with EPERM. */
int gh_bt_hci_open(uint16_t adapter);

/* Whether the kernel has an LE link of the adapter with `address` (least significant byte first) that it is not ending already:
 * 1 or 0. Needs no capability. */
int gh_bt_link_stands(uint16_t adapter, const uint8_t *address);

/* Has the controller end its LE link with `address` (least significant byte first): 1 when there was one, 0 when not. Needs
 * CAP_NET_RAW. */
int gh_bt_hang_up(uint16_t adapter, const uint8_t *address);

/* One message out; the number of bytes. */
int gh_bt_send(int fd, const void *message, size_t length);

/* One message in; 0 when the other end is gone, -EAGAIN when none waits. */
int gh_bt_receive(int fd, void *message, size_t capacity);

/* A descriptor that wakes gh_bt_wait(). */
int gh_bt_waker_new(void);
void gh_bt_waker_wake(int waker);

/* Until the socket has something (1) or has been woken (0). */
int gh_bt_wait(int fd, int waker);

#endif
