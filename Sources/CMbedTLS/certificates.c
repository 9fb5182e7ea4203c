// Reading certificates: what they say, and whom they name.
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "certificates.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>

static const unsigned char ocf_identity_oid[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xDE, 0x7C, 0x01, 0x06};
static const unsigned char ocf_role_oid[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xDE, 0x7C, 0x01, 0x07};

int64_t gh_seconds_of(const mbedtls_x509_time *time) {
    // Days from the civil calendar, counted in eras of 400 years that begin on 1 March.
    int64_t year = time->year - (time->mon <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (time->mon + (time->mon > 2 ? -3 : 9)) + 2) / 5 + time->day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    int64_t days = era * 146097 + day_of_era - 719468;
    return ((days * 24 + time->hour) * 60 + time->min) * 60 + time->sec;
}

static int oid_is(const mbedtls_x509_buf *oid, const unsigned char *other, size_t length) {
    return oid->len == length && memcmp(oid->p, other, length) == 0;
}
#define OID_IS(oid, text) oid_is(oid, (const unsigned char *)(text), MBEDTLS_OID_SIZE(text))

static uint32_t extended_key_usage(const mbedtls_x509_crt *crt) {
    if ((crt->ext_types & MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE) == 0) return 0;
    uint32_t usage = GH_USAGE_PRESENT;
    for (const mbedtls_x509_sequence *entry = &crt->ext_key_usage; entry != NULL; entry = entry->next) {
        if (OID_IS(&entry->buf, MBEDTLS_OID_ANY_EXTENDED_KEY_USAGE)) usage |= GH_USAGE_ANY;
        if (OID_IS(&entry->buf, MBEDTLS_OID_SERVER_AUTH)) usage |= GH_USAGE_SERVER;
        if (OID_IS(&entry->buf, MBEDTLS_OID_CLIENT_AUTH)) usage |= GH_USAGE_CLIENT;
        if (oid_is(&entry->buf, ocf_identity_oid, sizeof ocf_identity_oid)) usage |= GH_USAGE_OCF_IDENTITY;
        if (oid_is(&entry->buf, ocf_role_oid, sizeof ocf_role_oid)) usage |= GH_USAGE_OCF_ROLE;
    }
    return usage;
}

// MARK: Subject alternative names
//
// Walked here: the 2.28 series keeps only DNS names of the extension, and cloud hosts in a house have addresses.

typedef struct san_walk {
    const unsigned char *at, *end;
} san_walk;

static int san_begin(const mbedtls_x509_crt *crt, san_walk *walk) {
    unsigned char *at = crt->v3_ext.p;
    const unsigned char *end = at + crt->v3_ext.len;
    size_t length;
    if (at == NULL) return 0;
    if (mbedtls_asn1_get_tag(&at, end, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0) return 0;
    end = at + length;
    while (at < end) {
        if (mbedtls_asn1_get_tag(&at, end, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0) return 0;
        unsigned char *next = at + length;
        if (mbedtls_asn1_get_tag(&at, next, &length, MBEDTLS_ASN1_OID) != 0) return 0;
        int is_names = length == MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME)
            && memcmp(at, MBEDTLS_OID_SUBJECT_ALT_NAME, length) == 0;
        at += length;
        if (is_names) {
            int critical;
            (void)mbedtls_asn1_get_bool(&at, next, &critical);
            if (mbedtls_asn1_get_tag(&at, next, &length, MBEDTLS_ASN1_OCTET_STRING) != 0) return 0;
            if (mbedtls_asn1_get_tag(&at, next, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0) {
                return 0;
            }
            walk->at = at;
            walk->end = at + length;
            return 1;
        }
        at = next;
    }
    return 0;
}

enum { SAN_DNS = 0x82, SAN_URI = 0x86, SAN_IP = 0x87 };

static int san_next(san_walk *walk, unsigned char *tag, const unsigned char **value, size_t *length) {
    unsigned char *at = (unsigned char *)walk->at;
    if (at >= walk->end) return 0;
    *tag = *at++;
    if (mbedtls_asn1_get_len(&at, walk->end, length) != 0) return 0;
    *value = at;
    walk->at = at + *length;
    return 1;
}

// RFC 6125 6.4: labels compare without case; a star stands for one whole label, the first, and never for the
// public part (so two further labels are asked for).
static int dns_fits(const unsigned char *name, size_t length, const char *host) {
    size_t host_length = strlen(host);
    if (host_length > 0 && host[host_length - 1] == '.') host_length--;
    if (length == 0 || host_length == 0 || memchr(name, 0, length) != NULL) return 0;
    if (length == host_length && strncasecmp((const char *)name, host, length) == 0) return 1;
    if (length < 3 || name[0] != '*' || name[1] != '.') return 0;
    if (memchr(name + 2, '.', length - 2) == NULL) return 0;
    const char *dot = memchr(host, '.', host_length);
    if (dot == NULL || dot == host) return 0;
    size_t rest = host_length - (size_t)(dot - host);
    return rest == length - 1 && strncasecmp(dot, (const char *)name + 1, rest) == 0;
}

int gh_cert_names_host(const mbedtls_x509_crt *crt, const char *host) {
    unsigned char address[16];
    size_t address_length = 0;
    if (inet_pton(AF_INET, host, address) == 1) {
        address_length = 4;
    } else if (inet_pton(AF_INET6, host, address) == 1) {
        address_length = 16;
    }
    san_walk walk;
    if (!san_begin(crt, &walk)) return 0;
    unsigned char tag;
    const unsigned char *value;
    size_t length;
    while (san_next(&walk, &tag, &value, &length)) {
        if (address_length != 0) {
            if (tag == SAN_IP && length == address_length && memcmp(value, address, length) == 0) return 1;
        } else if (tag == SAN_DNS && dns_fits(value, length, host)) {
            return 1;
        }
    }
    return 0;
}

static void describe_names(const mbedtls_x509_crt *crt, char *text, size_t capacity) {
    text[0] = 0;
    san_walk walk;
    if (!san_begin(crt, &walk)) return;
    size_t used = 0;
    unsigned char tag;
    const unsigned char *value;
    size_t length;
    while (san_next(&walk, &tag, &value, &length)) {
        char one[280];
        if ((tag == SAN_DNS || tag == SAN_URI) && length < 256) {
            int count = snprintf(one, sizeof one, tag == SAN_DNS ? "DNS:" : "URI:");
            for (size_t index = 0; index < length; index++) {
                // What is not printable is shown as a question mark: the text goes to logs. So is a comma: it would read
                // as the beginning of another name.
                int shown = value[index] > 0x20 && value[index] < 0x7F && value[index] != ',';
                one[count++] = shown ? (char)value[index] : '?';
            }
            one[count] = 0;
        } else if (tag == SAN_IP && (length == 4 || length == 16)) {
            char address[INET6_ADDRSTRLEN];
            if (inet_ntop(length == 4 ? AF_INET : AF_INET6, value, address, sizeof address) == NULL) continue;
            snprintf(one, sizeof one, "IP:%s", address);
        } else {
            continue;
        }
        size_t one_length = strlen(one), separator = used > 0 ? 2 : 0;
        if (used + separator + one_length + 1 > capacity) return;
        if (separator) memcpy(text + used, ", ", 2);
        memcpy(text + used + separator, one, one_length + 1);
        used += separator + one_length;
    }
}

void gh_cert_describe(const mbedtls_x509_crt *crt, gh_cert_info *info) {
    memset(info, 0, sizeof *info);
    info->not_before = gh_seconds_of(&crt->valid_from);
    info->not_after = gh_seconds_of(&crt->valid_to);
    info->is_ca = crt->ca_istrue != 0;
    switch (mbedtls_pk_get_type(&crt->pk)) {
    case MBEDTLS_PK_ECKEY:
    case MBEDTLS_PK_ECDSA:
    case MBEDTLS_PK_ECKEY_DH: info->key_kind = GH_KEY_EC; break;
    case MBEDTLS_PK_RSA: info->key_kind = GH_KEY_RSA; break;
    default: info->key_kind = GH_KEY_OTHER; break;
    }
    info->key_bits = (uint32_t)mbedtls_pk_get_bitlen(&crt->pk);
    info->extended_key_usage = extended_key_usage(crt);
    for (const mbedtls_x509_name *name = &crt->subject; name != NULL; name = name->next) {
        if (!OID_IS(&name->oid, MBEDTLS_OID_AT_CN)) continue;
        if (info->common_name_count++ > 0) continue;
        size_t length = name->val.len < sizeof info->common_name ? name->val.len : sizeof info->common_name;
        memcpy(info->common_name, name->val.p, length);
        info->common_name_length = (uint32_t)length;
    }
    // A name that does not fit leaves an error and an unfinished text: keep what is there, ended.
    if (mbedtls_x509_dn_gets(info->subject, sizeof info->subject, &crt->subject) < 0) {
        info->subject[sizeof info->subject - 1] = 0;
    }
    if (mbedtls_x509_dn_gets(info->issuer, sizeof info->issuer, &crt->issuer) < 0) {
        info->issuer[sizeof info->issuer - 1] = 0;
    }
    size_t used = 0;
    for (size_t index = 0; index < crt->serial.len && used + 3 < sizeof info->serial; index++) {
        used += (size_t)snprintf(info->serial + used, sizeof info->serial - used, "%02X", crt->serial.p[index]);
    }
    describe_names(crt, info->alternative_names, sizeof info->alternative_names);
}

int gh_cert_info_of(const uint8_t *der, size_t length, gh_cert_info *info) {
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    int status = mbedtls_x509_crt_parse_der(&crt, der, length);
    if (status == 0) gh_cert_describe(&crt, info);
    mbedtls_x509_crt_free(&crt);
    return status == 0 ? GH_OK : gh_fail(GH_EMALFORMED, status);
}

long gh_cert_public_der(const uint8_t *der, size_t length, uint8_t *output, size_t capacity) {
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    long result;
    int status = mbedtls_x509_crt_parse_der(&crt, der, length);
    if (status != 0) {
        result = gh_fail(GH_EMALFORMED, status);
    } else if (crt.pk_raw.len > capacity) {
        result = gh_fail(GH_ESPACE, 0);
    } else {
        memcpy(output, crt.pk_raw.p, crt.pk_raw.len);
        result = (long)crt.pk_raw.len;
    }
    mbedtls_x509_crt_free(&crt);
    return result;
}

int gh_cert_fits_key(const uint8_t *der, size_t length, gh_key *key) {
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    int status = mbedtls_x509_crt_parse_der(&crt, der, length);
    int result = status == 0 ? GH_OK : gh_fail(GH_EMALFORMED, status);
    if (status == 0) {
        status = gh_pk_check_pair(&crt.pk, &key->pk);
        if (status != 0) result = gh_fail(GH_EKEYMISMATCH, status);
    }
    mbedtls_x509_crt_free(&crt);
    return result;
}
