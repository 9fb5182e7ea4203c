// Private keys, signatures, requests, and issuing certificates.
#include <stdlib.h>
#include <string.h>

#include "certificates.h"

#include <mbedtls/asn1.h>
#include <mbedtls/asn1write.h>
#include <mbedtls/bignum.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/x509_csr.h>

// MARK: The two series' signatures

int gh_pk_parse_private(mbedtls_pk_context *pk, const uint8_t *bytes, size_t length) {
#if defined(GH_MBEDTLS_2)
    return mbedtls_pk_parse_key(pk, bytes, length, NULL, 0);
#else
    return mbedtls_pk_parse_key(pk, bytes, length, NULL, 0, gh_library_random, NULL);
#endif
}

int gh_pk_check_pair(const mbedtls_pk_context *public_part, const mbedtls_pk_context *private_part) {
#if defined(GH_MBEDTLS_2)
    return mbedtls_pk_check_pair(public_part, private_part);
#else
    return mbedtls_pk_check_pair(public_part, private_part, gh_library_random, NULL);
#endif
}

int gh_pk_sign(
    mbedtls_pk_context *pk, const uint8_t *hash, uint8_t *signature, size_t capacity, size_t *signature_length) {
#if defined(GH_MBEDTLS_2)
    if (capacity < MBEDTLS_PK_SIGNATURE_MAX_SIZE) return MBEDTLS_ERR_PK_BAD_INPUT_DATA;
    return mbedtls_pk_sign(pk, MBEDTLS_MD_SHA256, hash, 32, signature, signature_length, gh_library_random, NULL);
#else
    return mbedtls_pk_sign(
        pk, MBEDTLS_MD_SHA256, hash, 32, signature, capacity, signature_length, gh_library_random, NULL);
#endif
}

// MARK: Keys

static gh_key *key_new(void) {
    if (gh_library_initialize() != GH_OK) return NULL;
    gh_key *key = calloc(1, sizeof *key);
    if (key != NULL) mbedtls_pk_init(&key->pk);
    return key;
}

void gh_key_free(gh_key *key) {
    if (key == NULL) return;
    mbedtls_pk_free(&key->pk);
    free(key);
}

gh_key *gh_key_generate_p256(void) {
    gh_key *key = key_new();
    if (key == NULL) return NULL;
    int status = mbedtls_pk_setup(&key->pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (status == 0) {
        status = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key->pk), gh_library_random, NULL);
    }
    if (status == 0) return key;
    gh_fail(GH_EINTERNAL, status);
    gh_key_free(key);
    return NULL;
}

gh_key *gh_key_parse(const uint8_t *bytes, size_t length, int *status) {
    gh_key *key = key_new();
    if (key == NULL) {
        *status = gh_fail(GH_EMEMORY, 0);
        return NULL;
    }
    int library = gh_pk_parse_private(&key->pk, bytes, length);
    if (library == 0 && gh_key_kind_of(key) != GH_KEY_OTHER) {
        *status = GH_OK;
        return key;
    }
    if (library == MBEDTLS_ERR_PK_PASSWORD_REQUIRED || library == MBEDTLS_ERR_PK_PASSWORD_MISMATCH) {
        *status = gh_fail(GH_EPASSWORD, library);
    } else if (
        library == 0 || library == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE || library == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG
        || library == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE) {
        *status = gh_fail(GH_EUNSUPPORTED, library);
    } else {
        *status = gh_fail(GH_EMALFORMED, library);
    }
    gh_key_free(key);
    return NULL;
}

gh_key_kind gh_key_kind_of(const gh_key *key) {
    switch (mbedtls_pk_get_type(&key->pk)) {
    case MBEDTLS_PK_ECKEY:
    case MBEDTLS_PK_ECDSA:
    case MBEDTLS_PK_ECKEY_DH: return GH_KEY_EC;
    case MBEDTLS_PK_RSA: return GH_KEY_RSA;
    default: return GH_KEY_OTHER;
    }
}

uint32_t gh_key_bits(const gh_key *key) { return (uint32_t)mbedtls_pk_get_bitlen(&key->pk); }

// The library writes DER at the end of the buffer.
static long moved_to_front(int length, uint8_t *output, size_t capacity) {
    if (length < 0) return gh_fail(length == MBEDTLS_ERR_ASN1_BUF_TOO_SMALL ? GH_ESPACE : GH_EINTERNAL, length);
    memmove(output, output + capacity - (size_t)length, (size_t)length);
    return length;
}

long gh_key_private_der(gh_key *key, uint8_t *output, size_t capacity) {
    return moved_to_front(mbedtls_pk_write_key_der(&key->pk, output, capacity), output, capacity);
}

long gh_key_public_der(gh_key *key, uint8_t *output, size_t capacity) {
    return moved_to_front(mbedtls_pk_write_pubkey_der(&key->pk, output, capacity), output, capacity);
}

// MARK: Signatures

long gh_key_sign(gh_key *key, const uint8_t *hash, uint8_t *output, size_t capacity) {
    size_t length = 0;
    int status = gh_pk_sign(&key->pk, hash, output, capacity, &length);
    return status == 0 ? (long)length : gh_fail(GH_EINTERNAL, status);
}

int gh_public_verify(
    const uint8_t *public_der, size_t public_length, const uint8_t *hash, const uint8_t *signature,
    size_t signature_length) {
    if (gh_library_initialize() != GH_OK) return GH_EINTERNAL;
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    int result = GH_OK;
    int status = mbedtls_pk_parse_public_key(&pk, public_der, public_length);
    if (status != 0) {
        result = gh_fail(GH_EMALFORMED, status);
    } else {
        status = mbedtls_pk_verify(&pk, MBEDTLS_MD_SHA256, hash, 32, signature, signature_length);
        if (status != 0) result = gh_fail(GH_ESIGNATURE, status);
    }
    mbedtls_pk_free(&pk);
    return result;
}

int gh_signature_to_raw(const uint8_t *der, size_t length, uint8_t *raw, size_t width) {
    unsigned char *at = (unsigned char *)der;
    const unsigned char *end = der + length;
    size_t inner = 0;
    mbedtls_mpi r, s;
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    int status = mbedtls_asn1_get_tag(&at, end, &inner, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
    if (status == 0 && at + inner != end) status = MBEDTLS_ERR_ASN1_LENGTH_MISMATCH;
    if (status == 0) status = mbedtls_asn1_get_mpi(&at, end, &r);
    if (status == 0) status = mbedtls_asn1_get_mpi(&at, end, &s);
    if (status == 0 && at != end) status = MBEDTLS_ERR_ASN1_LENGTH_MISMATCH;
    if (status == 0) status = mbedtls_mpi_write_binary(&r, raw, width);
    if (status == 0) status = mbedtls_mpi_write_binary(&s, raw + width, width);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return status == 0 ? GH_OK : gh_fail(GH_EMALFORMED, status);
}

long gh_signature_from_raw(const uint8_t *raw, size_t width, uint8_t *der, size_t capacity) {
    mbedtls_mpi r, s;
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    unsigned char *at = der + capacity;
    int total = 0, status = mbedtls_mpi_read_binary(&r, raw, width);
    if (status == 0) status = mbedtls_mpi_read_binary(&s, raw + width, width);
    if (status == 0 && (status = mbedtls_asn1_write_mpi(&at, der, &s)) >= 0) total += status;
    if (status >= 0 && (status = mbedtls_asn1_write_mpi(&at, der, &r)) >= 0) total += status;
    if (status >= 0 && (status = mbedtls_asn1_write_len(&at, der, (size_t)total)) >= 0) total += status;
    if (status >= 0) {
        status = mbedtls_asn1_write_tag(&at, der, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
        if (status >= 0) total += status;
    }
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return moved_to_front(status < 0 ? status : total, der, capacity);
}

// MARK: Requests

long gh_request_create(gh_key *key, const char *subject, uint8_t *output, size_t capacity) {
    mbedtls_x509write_csr request;
    mbedtls_x509write_csr_init(&request);
    mbedtls_x509write_csr_set_md_alg(&request, MBEDTLS_MD_SHA256);
    mbedtls_x509write_csr_set_key(&request, &key->pk);
    int status = mbedtls_x509write_csr_set_subject_name(&request, subject);
    long result;
    if (status != 0) {
        result = gh_fail(GH_EPARAMETER, status);
    } else {
        result = moved_to_front(
            mbedtls_x509write_csr_der(&request, output, capacity, gh_library_random, NULL), output, capacity);
    }
    mbedtls_x509write_csr_free(&request);
    return result;
}

int gh_request_read(
    const uint8_t *der, size_t length, char *subject, size_t subject_capacity, uint8_t *public_der,
    size_t *public_length) {
    mbedtls_x509_csr request;
    mbedtls_x509_csr_init(&request);
    int result = GH_OK;
    int status = mbedtls_x509_csr_parse_der(&request, der, length);
    if (status != 0) {
        result = gh_fail(GH_EMALFORMED, status);
    } else {
        // Whoever asks must show that the key is theirs: RFC 2986 4.2.
        uint8_t hash[MBEDTLS_MD_MAX_SIZE];
        const mbedtls_md_info_t *md = mbedtls_md_info_from_type(request.sig_md);
        if (md == NULL || mbedtls_md(md, request.cri.p, request.cri.len, hash) != 0) {
            result = gh_fail(GH_EUNSUPPORTED, 0);
        } else {
            status = mbedtls_pk_verify_ext(
                request.sig_pk, request.sig_opts, &request.pk, request.sig_md, hash, mbedtls_md_get_size(md),
                request.sig.p, request.sig.len);
            if (status != 0) result = gh_fail(GH_ESIGNATURE, status);
        }
    }
    if (result == GH_OK && mbedtls_x509_dn_gets(subject, subject_capacity, &request.subject) < 0) {
        result = gh_fail(GH_ESPACE, 0);
    }
    if (result == GH_OK) {
        long written = moved_to_front(
            mbedtls_pk_write_pubkey_der(&request.pk, public_der, *public_length), public_der, *public_length);
        if (written < 0) {
            result = (int)written;
        } else {
            *public_length = (size_t)written;
        }
    }
    mbedtls_x509_csr_free(&request);
    return result;
}

// MARK: Issuing

static int order_extension(
    mbedtls_x509write_cert *crt, const char *oid, size_t oid_length, const uint8_t *value, size_t length) {
    if (value == NULL || length == 0) return 0;
    return mbedtls_x509write_crt_set_extension(crt, oid, oid_length, 0, value, length);
}

long gh_cert_issue(
    gh_key *issuer_key, const char *issuer, const char *subject, const uint8_t *public_der, size_t public_length,
    const uint8_t *serial, size_t serial_length, const char *not_before, const char *not_after, int is_ca,
    unsigned key_usage, const uint8_t *extended_key_usage, size_t extended_key_usage_length,
    const uint8_t *alternative_names, size_t alternative_names_length, uint8_t *output, size_t capacity) {
    mbedtls_x509write_cert crt;
    mbedtls_pk_context subject_key;
    mbedtls_x509write_crt_init(&crt);
    mbedtls_pk_init(&subject_key);
    int status = mbedtls_pk_parse_public_key(&subject_key, public_der, public_length);
    mbedtls_x509write_crt_set_version(&crt, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&crt, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&crt, &subject_key);
    mbedtls_x509write_crt_set_issuer_key(&crt, &issuer_key->pk);
    if (status == 0) status = mbedtls_x509write_crt_set_subject_name(&crt, subject);
    if (status == 0) status = mbedtls_x509write_crt_set_issuer_name(&crt, issuer);
    if (status == 0) status = mbedtls_x509write_crt_set_validity(&crt, not_before, not_after);
    if (status == 0) {
#if defined(GH_MBEDTLS_2)
        mbedtls_mpi number;
        mbedtls_mpi_init(&number);
        status = mbedtls_mpi_read_binary(&number, serial, serial_length);
        if (status == 0) status = mbedtls_x509write_crt_set_serial(&crt, &number);
        mbedtls_mpi_free(&number);
#else
        status = mbedtls_x509write_crt_set_serial_raw(
            &crt, (unsigned char *)serial, serial_length);
#endif
    }
    if (status == 0) status = mbedtls_x509write_crt_set_basic_constraints(&crt, is_ca, -1);
    if (status == 0) status = mbedtls_x509write_crt_set_key_usage(&crt, key_usage);
    if (status == 0) status = mbedtls_x509write_crt_set_subject_key_identifier(&crt);
    if (status == 0) status = mbedtls_x509write_crt_set_authority_key_identifier(&crt);
    if (status == 0) {
        status = order_extension(
            &crt, MBEDTLS_OID_EXTENDED_KEY_USAGE, MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE),
            extended_key_usage, extended_key_usage_length);
    }
    if (status == 0) {
        status = order_extension(
            &crt, MBEDTLS_OID_SUBJECT_ALT_NAME, MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME),
            alternative_names, alternative_names_length);
    }
    long result;
    if (status != 0) {
        result = gh_fail(GH_EPARAMETER, status);
    } else {
        result = moved_to_front(
            mbedtls_x509write_crt_der(&crt, output, capacity, gh_library_random, NULL), output, capacity);
    }
    mbedtls_pk_free(&subject_key);
    mbedtls_x509write_crt_free(&crt);
    return result;
}
