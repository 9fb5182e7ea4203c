// Asks a CoAP server over UDP as fast as it answers: the one load generator for every server that is compared.
//
//     DatagramLoad HOST PORT PATH IN-FLIGHT SECONDS [SERVER-PID]
//
// Confirmable GETs, so many of them under way at once, each with an ID and a token of its own; a body in blocks counts
// once it is whole. Prints one line: bodies a second, microseconds from request to whole body (median, 99 %), and, given
// the server's process, the microseconds of its processor time for each. Datagrams go and come several to a system call,
// so that the generator is not what is measured.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

enum {
    SLOTS_MAX = 256,
    DATAGRAM = 2048,
    /// Buckets of a microsecond; what takes longer counts as the last.
    BUCKETS = 200000,
    PATH_MAX_LENGTH = 200,
    OPTION_URI_PATH = 11,
    OPTION_BLOCK2 = 23,
};

typedef struct slot {
    uint64_t token, begin, sent;
    uint32_t block;
    size_t length;
    uint8_t bytes[DATAGRAM];
} slot;

static slot slots[SLOTS_MAX];
static uint32_t histogram[BUCKETS];
static uint16_t next_id;
static uint64_t next_token;
static uint64_t bodies, bytes_read, repeated, refused;
static const char *path;

static uint64_t nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/// Nanoseconds of processor time that all threads of a process have had; 0 when it cannot be read.
static uint64_t processor_time(const char *process) {
    clockid_t clock;
    struct timespec time;
    if (process == NULL || clock_getcpuclockid(atoi(process), &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/// Writes an option that follows one of number `before`; numbers and lengths below 269 + 256.
static uint8_t *option(uint8_t *to, unsigned before, unsigned number, const void *value, size_t length) {
    unsigned delta = number - before;
    *to++ = (uint8_t)((delta < 13 ? delta : 13) << 4 | (length < 13 ? length : 13));
    if (delta >= 13) *to++ = (uint8_t)(delta - 13);
    if (length >= 13) *to++ = (uint8_t)(length - 13);
    memcpy(to, value, length);
    return to + length;
}

static void compose(slot *slot) {
    uint8_t *to = slot->bytes;
    next_id++;
    *to++ = 0x48;
    *to++ = 0x01;
    *to++ = (uint8_t)(next_id >> 8);
    *to++ = (uint8_t)next_id;
    memcpy(to, &slot->token, sizeof slot->token);
    to += sizeof slot->token;
    unsigned before = 0;
    for (const char *segment = path + 1; *segment != 0;) {
        size_t length = strcspn(segment, "/");
        to = option(to, before, OPTION_URI_PATH, segment, length);
        before = OPTION_URI_PATH;
        segment += length + (segment[length] == '/');
    }
    if (slot->block > 0) {
        // Number and size exponent, big-endian without leading zeros.
        uint8_t value[3] = {(uint8_t)(slot->block >> 16), (uint8_t)(slot->block >> 8), (uint8_t)slot->block};
        size_t skip = value[0] ? 0 : value[1] ? 1 : 2;
        to = option(to, before, OPTION_BLOCK2, value + skip, sizeof value - skip);
    }
    slot->length = (size_t)(to - slot->bytes);
    slot->sent = nanoseconds();
}

static void begin(slot *slot) {
    next_token++;
    slot->token = next_token << 8 | (uint64_t)(slot - slots);
    slot->block = 0;
    compose(slot);
    slot->begin = slot->sent;
}

/// Takes a response; whether its slot has something to send.
static int take(const uint8_t *bytes, size_t length, slot **slot_of) {
    uint64_t token;
    if (length < 12 || (bytes[0] & 0xF) != 8) return 0;
    memcpy(&token, bytes + 4, sizeof token);
    slot *slot = &slots[token & 0xFF];
    if ((token & 0xFF) >= SLOTS_MAX || slot->token != token) return 0;
    if (bytes[1] >> 5 != 2) refused++;
    unsigned number = 0;
    int has_block = 0;
    uint32_t block = 0;
    const uint8_t *next = bytes + 12, *end = bytes + length;
    while (next < end && *next != 0xFF) {
        unsigned parts[2] = {*next >> 4, *next & 0xF};
        next++;
        for (int part = 0; part < 2; part++) {
            if (parts[part] == 13 && next < end) parts[part] = 13u + *next++;
            else if (parts[part] == 14 && next + 1 < end) {
                parts[part] = 269u + (unsigned)(next[0] << 8 | next[1]);
                next += 2;
            }
        }
        number += parts[0];
        if (next + parts[1] > end) return 0;
        if (number == OPTION_BLOCK2) {
            has_block = 1;
            for (unsigned index = 0; index < parts[1]; index++) block = block << 8 | next[index];
        }
        next += parts[1];
    }
    bytes_read += next < end ? (uint64_t)(end - next - 1) : 0;
    *slot_of = slot;
    if (has_block && block & 0x8) {
        if (block >> 4 != slot->block >> 4) return 0;
        slot->block = ((block >> 4) + 1) << 4 | (block & 0x7);
        compose(slot);
        return 1;
    }
    uint64_t elapsed = (nanoseconds() - slot->begin) / 1000;
    histogram[elapsed < BUCKETS ? elapsed : BUCKETS - 1]++;
    bodies++;
    begin(slot);
    return 1;
}

static unsigned percentile(double share) {
    uint64_t wanted = (uint64_t)((double)bodies * share), seen = 0;
    for (unsigned index = 0; index < BUCKETS; index++) {
        seen += histogram[index];
        if (seen > wanted) return index;
    }
    return BUCKETS;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void send_all(int descriptor, slot **ready, unsigned count) {
    static struct mmsghdr messages[SLOTS_MAX];
    static struct iovec parts[SLOTS_MAX];
    for (unsigned index = 0; index < count; index++) {
        parts[index] = (struct iovec){ready[index]->bytes, ready[index]->length};
        messages[index].msg_hdr = (struct msghdr){.msg_iov = &parts[index], .msg_iovlen = 1};
    }
    for (unsigned done = 0; done < count;) {
        int sent = sendmmsg(descriptor, messages + done, count - done, 0);
        if (sent < 0 && errno != EINTR && errno != ECONNREFUSED) fail("sendmmsg");
        if (sent > 0) done += (unsigned)sent;
    }
}

int main(int argc, char **argv) {
    if (argc < 6 || argv[3][0] != '/' || strlen(argv[3]) > PATH_MAX_LENGTH) {
        fprintf(stderr, "usage: DatagramLoad HOST PORT PATH IN-FLIGHT SECONDS [SERVER-PID]\n");
        return 64;
    }
    path = argv[3];
    unsigned count = (unsigned)atoi(argv[4]);
    if (count < 1 || count > SLOTS_MAX) count = 1;
    double seconds = atof(argv[5]);
    const char *process = argc > 6 ? argv[6] : NULL;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) fail(argv[1]);
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&server, sizeof server) != 0) fail("socket");
    // What is lost is sent again then.
    struct timeval patience = {.tv_usec = 200000};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    next_token = nanoseconds() & 0xFFFFFFFF;
    next_id = (uint16_t)next_token;

    static struct mmsghdr messages[SLOTS_MAX];
    static struct iovec parts[SLOTS_MAX];
    static uint8_t room[SLOTS_MAX][DATAGRAM];
    static slot *ready[SLOTS_MAX];
    for (unsigned index = 0; index < SLOTS_MAX; index++) {
        parts[index] = (struct iovec){room[index], DATAGRAM};
        messages[index].msg_hdr = (struct msghdr){.msg_iov = &parts[index], .msg_iovlen = 1};
    }
    for (unsigned index = 0; index < count; index++) {
        begin(&slots[index]);
        ready[index] = &slots[index];
    }
    send_all(descriptor, ready, count);

    // The first quarter of a second warms both up.
    uint64_t start = nanoseconds() + 250000000, end = start + (uint64_t)(seconds * 1e9), spent = 0;
    int is_warm = 0;
    while (nanoseconds() < end) {
        if (!is_warm && nanoseconds() >= start) {
            is_warm = 1;
            bodies = bytes_read = repeated = refused = 0;
            memset(histogram, 0, sizeof histogram);
            start = nanoseconds();
            spent = processor_time(process);
        }
        int received = recvmmsg(descriptor, messages, count, MSG_WAITFORONE, NULL);
        if (received < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED) fail("recvmmsg");
        unsigned number = 0;
        if (received <= 0) {
            uint64_t now = nanoseconds();
            for (unsigned index = 0; index < count; index++) {
                if (now - slots[index].sent < 100000000) continue;
                repeated++;
                compose(&slots[index]);
                ready[number++] = &slots[index];
            }
        }
        for (int index = 0; index < received; index++) {
            slot *slot;
            if (take(room[index], messages[index].msg_len, &slot)) ready[number++] = slot;
        }
        send_all(descriptor, ready, number);
    }
    double elapsed = (double)(nanoseconds() - start) / 1e9;
    spent = processor_time(process) - spent;
    if (bodies == 0) {
        fprintf(stderr, "DatagramLoad: no answer from %s:%s; expected 2.05 to GET %s\n", argv[1], argv[2], path);
        return 1;
    }
    printf("%9.0f /s %7u us median %7u us 99%%", (double)bodies / elapsed, percentile(0.5), percentile(0.99));
    if (process != NULL) printf(" %7.2f us CPU each", (double)spent / 1e3 / (double)bodies);
    printf("  %5llu bytes", (unsigned long long)(bytes_read / bodies));
    if (repeated > 0) printf("  %llu repeated", (unsigned long long)repeated);
    if (refused > 0) printf("  %llu refused", (unsigned long long)refused);
    printf("\n");
    return 0;
}
