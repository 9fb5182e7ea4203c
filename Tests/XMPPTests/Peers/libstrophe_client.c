// A client on libstrophe, another implementation of XMPP.
//
//     libstrophe_client JID PASSWORD HOST PORT CA-FILE TARGET COUNT
//     libstrophe_client JID PASSWORD HOST PORT CA-FILE idle
//
// The first form asks TARGET COUNT times for <echo xmlns='urn:test'/>, one after the other, pings it, asks it for something
// that nobody answers, sends it a message, and prints each answer. The second tells what the process holds when it is
// connected and does nothing.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>

static const char *target;
static int count, asked;

static void memory(const char *when) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long resident = 0, anonymous = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "VmRSS: %ld", &resident);
        sscanf(line, "RssAnon: %ld", &anonymous);
    }
    if (file != NULL) fclose(file);
    printf("%s: resident %ld kB, anonymous %ld kB\n", when, resident, anonymous);
    fflush(stdout);
}

static int on_answer(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *data);

static void ask(xmpp_conn_t *conn, const char *name, const char *namespace) {
    xmpp_ctx_t *context = xmpp_conn_get_context(conn);
    char id[32];
    snprintf(id, sizeof id, "q%d", ++asked);
    xmpp_stanza_t *iq = xmpp_iq_new(context, "get", id);
    xmpp_stanza_set_to(iq, target);
    xmpp_stanza_t *payload = xmpp_stanza_new(context);
    xmpp_stanza_set_name(payload, name);
    xmpp_stanza_set_ns(payload, namespace);
    xmpp_stanza_add_child(iq, payload);
    xmpp_id_handler_add(conn, on_answer, id, NULL);
    xmpp_send(conn, iq);
    xmpp_stanza_release(payload);
    xmpp_stanza_release(iq);
}

static void next(xmpp_conn_t *conn) {
    if (asked < count) {
        ask(conn, "echo", "urn:test");
    } else if (asked == count) {
        ask(conn, "ping", "urn:xmpp:ping");
    } else if (asked == count + 1) {
        ask(conn, "nothing", "urn:nobody");
    } else {
        xmpp_ctx_t *context = xmpp_conn_get_context(conn);
        xmpp_stanza_t *message = xmpp_message_new(context, "chat", target, NULL);
        xmpp_message_set_body(message, "hello");
        xmpp_stanza_t *payload = xmpp_stanza_new(context);
        xmpp_stanza_set_name(payload, "x");
        xmpp_stanza_set_ns(payload, "urn:test");
        xmpp_stanza_add_child(message, payload);
        xmpp_send(conn, message);
        xmpp_stanza_release(payload);
        xmpp_stanza_release(message);
        xmpp_disconnect(conn);
    }
}

static int on_answer(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *data) {
    (void)data;
    xmpp_stanza_t *child = xmpp_stanza_get_children(stanza);
    printf("%s %s %s\n", xmpp_stanza_get_id(stanza), xmpp_stanza_get_type(stanza),
           child != NULL && xmpp_stanza_get_name(child) != NULL ? xmpp_stanza_get_name(child) : "-");
    fflush(stdout);
    next(conn);
    return 0;
}

static int on_idle(xmpp_conn_t *conn, void *data) {
    (void)data;
    memory("connected");
    xmpp_disconnect(conn);
    return 0;
}

static void on_connection(
    xmpp_conn_t *conn, xmpp_conn_event_t event, int error, xmpp_stream_error_t *stream_error, void *data) {
    (void)error, (void)stream_error;
    if (event != XMPP_CONN_CONNECT) {
        xmpp_stop((xmpp_ctx_t *)data);
        return;
    }
    xmpp_stanza_t *presence = xmpp_presence_new((xmpp_ctx_t *)data);
    xmpp_send(conn, presence);
    xmpp_stanza_release(presence);
    if (target == NULL) {
        xmpp_timed_handler_add(conn, on_idle, 3000, NULL);
    } else {
        next(conn);
    }
}

int main(int argc, char **argv) {
    if (argc < 7) return 64;
    memory("before");
    if (strcmp(argv[6], "idle") != 0) {
        target = argv[6];
        count = argc > 7 ? atoi(argv[7]) : 1;
    }
    xmpp_initialize();
    xmpp_ctx_t *context = xmpp_ctx_new(NULL, xmpp_get_default_logger(XMPP_LEVEL_WARN));
    xmpp_conn_t *conn = xmpp_conn_new(context);
    xmpp_conn_set_jid(conn, argv[1]);
    xmpp_conn_set_pass(conn, argv[2]);
    xmpp_conn_set_cafile(conn, argv[5]);
    xmpp_conn_set_flags(conn, XMPP_CONN_FLAG_MANDATORY_TLS);
    if (xmpp_connect_client(conn, argv[3], (unsigned short)atoi(argv[4]), on_connection, context) != XMPP_EOK) return 69;
    xmpp_run(context);
    xmpp_conn_release(conn);
    xmpp_ctx_free(context);
    xmpp_shutdown();
    return 0;
}
