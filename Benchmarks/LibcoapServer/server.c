// libcoap's server with the bodies CoAPBench serves, to be compared with it: `/oic/d` of 200 bytes, `/oic/res` of 1,000,
// and `/oic/res/all` of 4,000 in blocks. Built against one of Debian's libcoap-3 libraries by Benchmarks/coap-compare.sh.
//
//     libcoap-server PORT                                   coap
//     libcoap-server PORT key                               coaps, the pre-shared key of CoAPBench
//     libcoap-server PORT certificate ROOT LEAF KEY         coaps, PEM files
#include <coap3/coap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t body[4000];

static void serve(
    coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request, const coap_string_t *query,
    coap_pdu_t *response) {
    size_t length = *(size_t *)coap_resource_get_userdata(resource);
    uint8_t number[2] = {0x27, 0x10}, version[2] = {0x08, 0x00};
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    if (length > 1024) {
        coap_add_data_large_response(resource, session, request, response, query, 10000, -1, 0, length, body, NULL, NULL);
        return;
    }
    coap_add_option(response, COAP_OPTION_CONTENT_FORMAT, sizeof number, number);
    coap_add_option(response, 2053, sizeof version, version);
    coap_add_data(response, length, body);
}

static void resource(coap_context_t *context, const char *path, size_t *length) {
    coap_resource_t *resource = coap_resource_init(coap_make_str_const(path), 0);
    coap_resource_set_userdata(resource, length);
    coap_register_handler(resource, COAP_REQUEST_GET, serve);
    coap_add_resource(context, resource);
}

static int secure(coap_context_t *context, int argc, char **argv) {
    if (strcmp(argv[2], "key") == 0) {
        static uint8_t key[16] = "sixteen bytes!!!";
        static coap_dtls_spsk_t setup = {.version = COAP_DTLS_SPSK_SETUP_VERSION};
        setup.psk_info.key.s = key;
        setup.psk_info.key.length = sizeof key;
        setup.psk_info.hint.s = (const uint8_t *)"bench";
        setup.psk_info.hint.length = 5;
        return coap_context_set_psk2(context, &setup);
    }
    if (argc < 6) return 0;
    static coap_dtls_pki_t setup = {
        .version = COAP_DTLS_PKI_SETUP_VERSION, .verify_peer_cert = 1, .check_common_ca = 1, .allow_self_signed = 0,
        .cert_chain_validation = 1, .cert_chain_verify_depth = 3};
    setup.pki_key.key_type = COAP_PKI_KEY_PEM;
    setup.pki_key.key.pem.ca_file = argv[3];
    setup.pki_key.key.pem.public_cert = argv[4];
    setup.pki_key.key.pem.private_key = argv[5];
    return coap_context_set_pki(context, &setup);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: libcoap-server PORT [key | certificate ROOT LEAF KEY]\n");
        return 64;
    }
    coap_startup();
    coap_set_log_level(LOG_WARNING);
    memset(body, 0x61, sizeof body);
    coap_context_t *context = coap_new_context(NULL);
    if (context == NULL || (argc > 2 && !secure(context, argc, argv))) return 1;
    coap_context_set_block_mode(context, COAP_BLOCK_USE_LIBCOAP | COAP_BLOCK_SINGLE_BODY);
    // As many sessions as ours may have in the measurement of memory.
    coap_context_set_max_idle_sessions(context, 2000);
    coap_context_set_max_handshake_sessions(context, 2000);
    coap_address_t address;
    coap_address_init(&address);
    address.size = sizeof address.addr.sin;
    address.addr.sin.sin_family = AF_INET;
    address.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.addr.sin.sin_port = htons((uint16_t)atoi(argv[1]));
    if (coap_new_endpoint(context, &address, argc > 2 ? COAP_PROTO_DTLS : COAP_PROTO_UDP) == NULL) {
        fprintf(stderr, "libcoap-server: port %s cannot be bound\n", argv[1]);
        return 1;
    }
    static size_t small = 200, middle = 1000, large = sizeof body;
    resource(context, "oic/d", &small);
    resource(context, "oic/res", &middle);
    resource(context, "oic/res/all", &large);
    printf("listening on port %s\n", argv[1]);
    fflush(stdout);
    while (coap_io_process(context, COAP_IO_WAIT) >= 0) {}
    return 0;
}
