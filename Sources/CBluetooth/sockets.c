#include <bluetooth/bluetooth.h>
#include <bluetooth/hci.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cbluetooth.h"

/* A send to a full socket waits no longer than this: the kernel takes a command at once or not at all. */
#define SEND_MILLISECONDS 1000

/* What arrives between two turns of a reading thread that the system makes wait: a second of the busiest air, 1,000
 * reports of some 300 bytes with their bookkeeping. */
#define RECEIVE_BYTES (512 * 1024)

static int failed(int fd)
{
	int error = errno ? -errno : -EIO;

	if (fd >= 0)
		close(fd);
	return error;
}

static int open_channel(uint16_t adapter, uint16_t channel)
{
	struct sockaddr_hci address = { 0 };
	int size = RECEIVE_BYTES;
	int fd;

	errno = 0;
	fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, BTPROTO_HCI);
	if (fd < 0)
		return failed(fd);
	/* As much as the system lets us have: less only means that more is lost under load. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	address.hci_family = AF_BLUETOOTH;
	address.hci_dev = adapter;
	address.hci_channel = channel;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return failed(fd);
	return fd;
}

int gh_bt_management_open(void)
{
	return open_channel(HCI_DEV_NONE, HCI_CHANNEL_CONTROL);
}

static void allow(struct hci_filter *filter, unsigned int event)
{
	filter->event_mask[event / 32] |= 1u << (event % 32);
}

int gh_bt_hci_open(uint16_t adapter)
{
	struct hci_filter filter = { 0 };
	int fd = open_channel(adapter, HCI_CHANNEL_RAW);

	if (fd < 0)
		return fd;
	filter.type_mask = 1u << HCI_EVENT_PKT;
	allow(&filter, EVT_CMD_COMPLETE);
	allow(&filter, EVT_CMD_STATUS);
	allow(&filter, EVT_HARDWARE_ERROR);
	allow(&filter, EVT_LE_META_EVENT);
	if (setsockopt(fd, SOL_HCI, HCI_FILTER, &filter, sizeof(filter)) < 0)
		return failed(fd);
	return fd;
}

/* What `act` gives for the LE link of an adapter with a device, on a socket of that adapter; 0 when there is none. */
static int at_link(uint16_t adapter, const uint8_t *address, int (*act)(int fd, const struct hci_conn_info *link))
{
	/* A controller has some ten links; the kernel's number of those of LE is in none of the headers. */
	enum { MOST = 32, LINK_LE = 0x80 };
	union {
		struct hci_conn_list_req request;
		uint8_t bytes[sizeof(struct hci_conn_list_req) + MOST * sizeof(struct hci_conn_info)];
	} list = { 0 };
	int fd = gh_bt_hci_open(adapter);
	int result = 0;

	if (fd < 0)
		return fd;
	list.request.dev_id = adapter;
	list.request.conn_num = MOST;
	errno = 0;
	if (ioctl(fd, HCIGETCONNLIST, &list) < 0)
		return failed(fd);
	for (int index = 0; index < list.request.conn_num && index < MOST; index++) {
		const struct hci_conn_info *link = &list.request.conn_info[index];

		if (link->type == LINK_LE && memcmp(link->bdaddr.b, address, 6) == 0) {
			result = act(fd, link);
			break;
		}
	}
	close(fd);
	return result;
}

static int stands(int fd, const struct hci_conn_info *link)
{
	(void)fd;
	return link->state != BT_DISCONN && link->state != BT_CLOSED;
}

static int disconnect(int fd, const struct hci_conn_info *link)
{
	/* Disconnect (Core Specification Vol 4 Part E 7.1.6), by the user (0x13). */
	const uint8_t packet[] = { HCI_COMMAND_PKT, 0x06, 0x04, 3, link->handle & 0xFF, link->handle >> 8, 0x13 };
	int result = gh_bt_send(fd, packet, sizeof(packet));

	return result < 0 ? result : result > 0;
}

int gh_bt_link_stands(uint16_t adapter, const uint8_t *address)
{
	return at_link(adapter, address, stands);
}

int gh_bt_hang_up(uint16_t adapter, const uint8_t *address)
{
	return at_link(adapter, address, disconnect);
}

int gh_bt_send(int fd, const void *message, size_t length)
{
	ssize_t count;

	for (;;) {
		errno = 0;
		count = send(fd, message, length, MSG_NOSIGNAL);
		if (count >= 0)
			return (int)count;
		if (errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			if (poll(&wait, 1, SEND_MILLISECONDS) > 0)
				continue;
			return -EAGAIN;
		}
		if (errno != EINTR)
			return -errno;
	}
}

int gh_bt_receive(int fd, void *message, size_t capacity)
{
	ssize_t count;

	do {
		errno = 0;
		count = recv(fd, message, capacity, 0);
	} while (count < 0 && errno == EINTR);
	return count < 0 ? -errno : (int)count;
}

int gh_bt_waker_new(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void gh_bt_waker_wake(int waker)
{
	(void)eventfd_write(waker, 1);
}

int gh_bt_wait(int fd, int waker)
{
	struct pollfd wait[] = { { .fd = fd, .events = POLLIN }, { .fd = waker, .events = POLLIN } };

	for (;;) {
		errno = 0;
		if (poll(wait, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		return wait[1].revents ? 0 : 1;
	}
}
