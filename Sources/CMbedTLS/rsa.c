// RSA keys made, and decrypted with.
#include <stdlib.h>
#include <string.h>

#include "certificates.h"

#include <mbedtls/bignum.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/rsa.h>

// The longest modulus that is decrypted with: 8192 bits.
#define RSA_BYTES_MAX 1024
// 00 02, eight bytes of padding at least, 00 (RFC 8017 7.2.1).
#define V15_OVERHEAD 11

gh_key *gh_key_generate_rsa(uint32_t bits) {
    if (gh_library_initialize() != GH_OK) return NULL;
    gh_key *key = calloc(1, sizeof *key);
    if (key == NULL) return NULL;
    mbedtls_pk_init(&key->pk);
    int status = mbedtls_pk_setup(&key->pk, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA));
    if (status == 0) status = mbedtls_rsa_gen_key(mbedtls_pk_rsa(key->pk), gh_library_random, NULL, bits, 65537);
    if (status == 0) return key;
    gh_fail(GH_EINTERNAL, status);
    gh_key_free(key);
    return NULL;
}

static void use_padding(mbedtls_pk_context *pk, int is_v15) {
    // Answers nothing in the 2.28 series; fails in 3.6 only for a hash that the library was built without, and then so does
    // decrypting.
    (void)mbedtls_rsa_set_padding(
        mbedtls_pk_rsa(*pk), is_v15 ? MBEDTLS_RSA_PKCS_V15 : MBEDTLS_RSA_PKCS_V21,
        is_v15 ? MBEDTLS_MD_NONE : MBEDTLS_MD_SHA1);
}

long gh_public_encrypt(
    const uint8_t *public_der, size_t public_length, int is_v15, const uint8_t *plain, size_t length, uint8_t *output,
    size_t capacity) {
    if (gh_library_initialize() != GH_OK) return GH_EINTERNAL;
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    long result;
    size_t written = 0;
    int status = mbedtls_pk_parse_public_key(&pk, public_der, public_length);
    if (status != 0) {
        result = gh_fail(GH_EMALFORMED, status);
    } else if (mbedtls_pk_get_type(&pk) != MBEDTLS_PK_RSA) {
        result = gh_fail(GH_EUNSUPPORTED, 0);
    } else {
        use_padding(&pk, is_v15);
        status = mbedtls_pk_encrypt(&pk, plain, length, output, &written, capacity, gh_library_random, NULL);
        result = status == 0 ? (long)written : gh_fail(GH_EPARAMETER, status);
    }
    mbedtls_pk_free(&pk);
    return result;
}

// MARK: v1.5 without an oracle

// All ones when `a` < `b`, else zero; both far below half of the range.
static size_t less(size_t a, size_t b) { return (size_t)0 - ((a - b) >> (sizeof(size_t) * 8 - 1)); }

// All ones when `a` is zero, else zero.
static size_t is_zero(size_t a) { return less(a, 1); }

static int keyed(const uint8_t key[32], const char *label, uint8_t number, const uint8_t *more, size_t length,
                 uint8_t output[32]) {
    uint8_t input[16 + 1 + RSA_BYTES_MAX];
    size_t count = strlen(label);
    memcpy(input, label, count);
    input[count++] = number;
    if (length > RSA_BYTES_MAX) return -1;
    if (length > 0) memcpy(input + count, more, length);
    return gh_hmac_of(GH_SHA256, key, 32, input, count + length, output);
}

// What a wrong block says instead: derived of the private key and the block, so that asking twice tells nothing.
static int substitute(
    mbedtls_rsa_context *rsa, const uint8_t *block, size_t size, uint8_t *message, size_t *length) {
    uint8_t exponent[RSA_BYTES_MAX], secret[32], seed[32], part[32];
    int status = mbedtls_rsa_export_raw(rsa, NULL, 0, NULL, 0, NULL, 0, exponent, size, NULL, 0);
    if (status == 0) status = gh_hash_of(GH_SHA256, exponent, size, secret);
    if (status == 0) status = keyed(secret, "block", 0, block, size, seed);
    for (size_t offset = 0; status == 0 && offset < size; offset += 32) {
        status = keyed(seed, "message", (uint8_t)(offset / 32), NULL, 0, part);
        size_t count = size - offset < 32 ? size - offset : 32;
        memcpy(message + offset, part, count);
    }
    if (status == 0) status = keyed(seed, "length", 0, NULL, 0, part);
    // A challenge is 16 to 64 bytes long with whoever makes one; a longer block leaves room for that.
    size_t most = size - V15_OVERHEAD < 64 ? size - V15_OVERHEAD : 64;
    *length = 16 + part[0] % (most - 15);
    mbedtls_platform_zeroize(exponent, sizeof exponent);
    mbedtls_platform_zeroize(secret, sizeof secret);
    mbedtls_platform_zeroize(seed, sizeof seed);
    mbedtls_platform_zeroize(part, sizeof part);
    return status;
}

// The message of an encoded block, or the substitute; which of them shows neither in time nor in memory touched.
static size_t unpad(const uint8_t *encoded, size_t size, const uint8_t *other, size_t other_length, uint8_t *output) {
    size_t good = is_zero(encoded[0]) & is_zero((size_t)encoded[1] ^ 2);
    size_t end = 0, found = 0;
    for (size_t index = 2; index < size; index++) {
        size_t hit = is_zero(encoded[index]) & ~found;
        end |= index & hit;
        found |= hit;
    }
    // Eight bytes of padding at least.
    good &= found & ~less(end, 10);
    size_t length = ((size - end - 1) & good) | (other_length & ~good);
    size_t start = ((end + 1) & good) | (0 & ~good);
    memset(output, 0, size);
    // Moved step by step: which bytes are taken depends on a secret, so every byte is looked at for every place.
    for (size_t place = 0; place < size; place++) {
        uint8_t value = 0;
        for (size_t index = 0; index < size; index++) {
            uint8_t mask = (uint8_t)(is_zero(index ^ (start + place)) & good);
            value |= encoded[index] & mask;
        }
        value |= other[place] & (uint8_t)~good;
        output[place] = value & (uint8_t)less(place, length);
    }
    return length;
}

long gh_key_decrypt(gh_key *key, const uint8_t *block, size_t length, uint8_t *output, size_t capacity) {
    if (mbedtls_pk_get_type(&key->pk) != MBEDTLS_PK_RSA) return gh_fail(GH_EUNSUPPORTED, 0);
    mbedtls_rsa_context *rsa = mbedtls_pk_rsa(key->pk);
    size_t size = mbedtls_rsa_get_len(rsa);
    if (length != size || size > RSA_BYTES_MAX || size < 128) return gh_fail(GH_EPARAMETER, 0);
    if (capacity < size) return gh_fail(GH_ESPACE, 0);
    size_t written = 0;
    use_padding(&key->pk, 0);
    int status = mbedtls_pk_decrypt(&key->pk, block, length, output, &written, capacity, gh_library_random, NULL);
    use_padding(&key->pk, 1);
    // The key also signs its own certificate, by v1.5.
    if (status == 0) return (long)written;

    uint8_t encoded[RSA_BYTES_MAX], other[RSA_BYTES_MAX];
    size_t other_length = 0;
    status = substitute(rsa, block, size, other, &other_length);
    if (status == 0) status = mbedtls_rsa_private(rsa, gh_library_random, NULL, block, encoded);
    long result;
    if (status == 0) {
        result = (long)unpad(encoded, size, other, other_length, output);
    } else {
        // A block that is no number below the modulus: everybody can tell that, so nothing is given away.
        result = gh_fail(GH_EPARAMETER, status);
    }
    mbedtls_platform_zeroize(encoded, sizeof encoded);
    mbedtls_platform_zeroize(other, sizeof other);
    return result;
}
