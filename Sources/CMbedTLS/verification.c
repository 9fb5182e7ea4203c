// Judging the peer's chain: validity against a time of ours, names, and what OCF asks of an identity.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connection.h"

// Which of several faults is told: one nobody can repair by waiting or renaming comes first.
static int rank(gh_verdict_reason reason) {
    switch (reason) {
    case GH_VERDICT_NONE: return 0;
    case GH_VERDICT_OTHER: return 1;
    case GH_VERDICT_WRONG_NAME:
    case GH_VERDICT_WRONG_IDENTITY: return 2;
    case GH_VERDICT_NOT_AN_IDENTITY:
    case GH_VERDICT_WRONG_USAGE: return 3;
    case GH_VERDICT_EXPIRED:
    case GH_VERDICT_NOT_YET_VALID: return 4;
    case GH_VERDICT_WEAK: return 5;
    case GH_VERDICT_UNKNOWN_ISSUER: return 6;
    case GH_VERDICT_REVOKED: return 7;
    }
    return 1;
}

static void judge(gh_tls *tls, const mbedtls_x509_crt *crt, int depth, uint32_t flags, gh_verdict_reason reason) {
    if (tls->verdict == NULL) tls->verdict = calloc(1, sizeof *tls->verdict);
    // Without memory for the reason the refusal stands, by the flags.
    if (tls->verdict == NULL || rank(reason) <= rank(tls->verdict->reason)) return;
    tls->verdict->reason = reason;
    tls->verdict->depth = depth;
    tls->verdict->flags = flags;
    gh_cert_describe(crt, &tls->verdict->certificate);
}

static uint32_t judge_validity(gh_tls *tls, const mbedtls_x509_crt *crt, int depth) {
    if (tls->now > gh_seconds_of(&crt->valid_to)) {
        judge(tls, crt, depth, MBEDTLS_X509_BADCERT_EXPIRED, GH_VERDICT_EXPIRED);
        return MBEDTLS_X509_BADCERT_EXPIRED;
    }
    if (tls->now < gh_seconds_of(&crt->valid_from)) {
        judge(tls, crt, depth, MBEDTLS_X509_BADCERT_FUTURE, GH_VERDICT_NOT_YET_VALID);
        return MBEDTLS_X509_BADCERT_FUTURE;
    }
    return 0;
}

static int is_uuid(const uint8_t *text, size_t length) {
    if (length != 36) return 0;
    for (size_t index = 0; index < length; index++) {
        uint8_t byte = text[index];
        if (index == 8 || index == 13 || index == 18 || index == 23) {
            if (byte != '-') return 0;
        } else if (!((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F'))) {
            return 0;
        }
    }
    return 1;
}

static uint32_t judge_leaf(gh_tls *tls, const mbedtls_x509_crt *crt) {
    gh_cert_info info;
    gh_cert_describe(crt, &info);
    uint32_t flags = 0, usage = info.extended_key_usage;
    int is_server = tls->config->ssl.endpoint == MBEDTLS_SSL_IS_SERVER;
    if ((usage & GH_USAGE_PRESENT) && !(usage & GH_USAGE_ANY)
        && !(usage & (is_server ? GH_USAGE_CLIENT : GH_USAGE_SERVER))) {
        flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
        judge(tls, crt, 0, flags, GH_VERDICT_WRONG_USAGE);
    }
    // Every suite of ours has it sign; the library finds that out, too, but cannot say which certificate it was.
    if (mbedtls_x509_crt_check_key_usage(crt, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0) {
        flags |= MBEDTLS_X509_BADCERT_KEY_USAGE;
        judge(tls, crt, 0, flags, GH_VERDICT_WRONG_USAGE);
    }
    switch (tls->check) {
    case GH_NAME_ANY: break;
    case GH_NAME_HOST:
        if (tls->name == NULL || !gh_cert_names_host(crt, tls->name)) {
            flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
            judge(tls, crt, 0, flags, GH_VERDICT_WRONG_NAME);
        }
        break;
    case GH_NAME_OCF: {
        if (!(usage & GH_USAGE_OCF_IDENTITY)) {
            flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
            judge(tls, crt, 0, flags, GH_VERDICT_NOT_AN_IDENTITY);
        }
        // Two CNs could name two devices: such a certificate names none.
        int is_identity = info.common_name_count == 1 && info.common_name_length == 41
            && memcmp(info.common_name, "uuid:", 5) == 0 && is_uuid(info.common_name + 5, 36);
        if (is_identity && tls->name != NULL) {
            is_identity = strlen(tls->name) == 36
                && strncasecmp((const char *)info.common_name + 5, tls->name, 36) == 0;
        }
        if (!is_identity) {
            flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
            judge(tls, crt, 0, flags, GH_VERDICT_WRONG_IDENTITY);
        }
        break;
    }
    }
    return flags;
}

int gh_verify(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags) {
    gh_tls *tls = context;
    // The library looks at the system's clock, which may be wrong at boot, and, when asked, at names.
    *flags &= ~(uint32_t)(
        MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE | MBEDTLS_X509_BADCERT_CN_MISMATCH);

    uint32_t found = *flags;
    if (found & MBEDTLS_X509_BADCERT_REVOKED) judge(tls, crt, depth, found, GH_VERDICT_REVOKED);
    if (found & MBEDTLS_X509_BADCERT_NOT_TRUSTED) judge(tls, crt, depth, found, GH_VERDICT_UNKNOWN_ISSUER);
    if (found & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY)) {
        judge(tls, crt, depth, found, GH_VERDICT_WEAK);
    }
    if (found & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE)) {
        judge(tls, crt, depth, found, GH_VERDICT_WRONG_USAGE);
    }
    if (found != 0) judge(tls, crt, depth, found, GH_VERDICT_OTHER);

    *flags |= judge_validity(tls, crt, depth);
    if (depth == 0) *flags |= judge_leaf(tls, crt);
    // Where a certificate is optional the library goes on after a bad one, unless the callback itself fails. It comes
    // to the leaf last.
    if (depth == 0 && tls->config->peer_certificate == GH_PEER_OPTIONAL
        && (*flags != 0 || (tls->verdict != NULL && tls->verdict->reason != GH_VERDICT_NONE))) {
        return MBEDTLS_ERR_X509_FATAL_ERROR;
    }
    return 0;
}

int gh_verify_resumed(gh_tls *tls) {
    const mbedtls_x509_crt *leaf = mbedtls_ssl_get_peer_cert(&tls->ssl);
    if (leaf == NULL) return tls->config->peer_certificate == GH_PEER_REQUIRED ? GH_ENOCERTIFICATE : GH_OK;
    uint32_t flags = judge_validity(tls, leaf, 0) | judge_leaf(tls, leaf);
    return flags == 0 ? GH_OK : gh_fail(GH_EVERIFY, 0);
}
