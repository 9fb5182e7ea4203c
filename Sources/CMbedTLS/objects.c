// Signed and encrypted objects: elliptic keys as numbers, AES-GCM, AES key wrap.
#include <stdlib.h>
#include <string.h>

#include "library.h"

#include <mbedtls/aes.h>
#include <mbedtls/bignum.h>
#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/gcm.h>
#include <mbedtls/platform_util.h>

struct gh_point {
    mbedtls_ecp_group group;
    mbedtls_ecp_point q;
};

struct gh_scalar {
    mbedtls_ecp_group group;
    mbedtls_mpi d;
    mbedtls_ecp_point q;
};

static mbedtls_ecp_group_id group_of(gh_curve curve) {
    switch (curve) {
    case GH_P256: return MBEDTLS_ECP_DP_SECP256R1;
    case GH_P384: return MBEDTLS_ECP_DP_SECP384R1;
    case GH_P521: return MBEDTLS_ECP_DP_SECP521R1;
    }
    return MBEDTLS_ECP_DP_NONE;
}

size_t gh_curve_width(gh_curve curve) { return group_of(curve) == MBEDTLS_ECP_DP_NONE ? 0 : ((size_t)curve + 7) / 8; }

static size_t width_of(const mbedtls_ecp_group *group) { return (group->pbits + 7) / 8; }

// Uncompressed points, which both series read and write alike: 0x04 || x || y.
static int read_point(const mbedtls_ecp_group *group, mbedtls_ecp_point *q, const uint8_t *x, const uint8_t *y) {
    uint8_t bytes[1 + 2 * GH_CURVE_WIDTH_MAX];
    size_t width = width_of(group);
    bytes[0] = 4;
    memcpy(bytes + 1, x, width);
    memcpy(bytes + 1 + width, y, width);
    int status = mbedtls_ecp_point_read_binary(group, q, bytes, 1 + 2 * width);
    return status == 0 ? mbedtls_ecp_check_pubkey(group, q) : status;
}

static int write_point(const mbedtls_ecp_group *group, const mbedtls_ecp_point *q, uint8_t *x, uint8_t *y) {
    uint8_t bytes[1 + 2 * GH_CURVE_WIDTH_MAX];
    size_t width = width_of(group), written = 0;
    int status = mbedtls_ecp_point_write_binary(
        group, q, MBEDTLS_ECP_PF_UNCOMPRESSED, &written, bytes, sizeof bytes);
    if (status != 0) return status;
    memcpy(x, bytes + 1, width);
    memcpy(y, bytes + 1 + width, width);
    return 0;
}

// MARK: Points

gh_point *gh_point_new(gh_curve curve, const uint8_t *x, const uint8_t *y, int *status) {
    gh_point *point = group_of(curve) == MBEDTLS_ECP_DP_NONE ? NULL : calloc(1, sizeof *point);
    if (point == NULL) {
        *status = gh_fail(group_of(curve) == MBEDTLS_ECP_DP_NONE ? GH_EUNSUPPORTED : GH_EMEMORY, 0);
        return NULL;
    }
    mbedtls_ecp_group_init(&point->group);
    mbedtls_ecp_point_init(&point->q);
    int library = mbedtls_ecp_group_load(&point->group, group_of(curve));
    if (library == 0) library = read_point(&point->group, &point->q, x, y);
    if (library == 0) {
        *status = GH_OK;
        return point;
    }
    *status = gh_fail(library == MBEDTLS_ERR_MPI_ALLOC_FAILED ? GH_EMEMORY : GH_EMALFORMED, library);
    gh_point_free(point);
    return NULL;
}

void gh_point_free(gh_point *point) {
    if (point == NULL) return;
    mbedtls_ecp_point_free(&point->q);
    mbedtls_ecp_group_free(&point->group);
    free(point);
}

int gh_point_verify(gh_point *point, const uint8_t *hash, size_t hash_length, const uint8_t *raw) {
    size_t width = width_of(&point->group);
    mbedtls_mpi r, s;
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    int status = mbedtls_mpi_read_binary(&r, raw, width);
    if (status == 0) status = mbedtls_mpi_read_binary(&s, raw + width, width);
    if (status == 0) status = mbedtls_ecdsa_verify(&point->group, hash, hash_length, &point->q, &r, &s);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return status == 0 ? GH_OK : gh_fail(GH_ESIGNATURE, status);
}

// MARK: Scalars

static gh_scalar *scalar_new(gh_curve curve, int *status) {
    gh_scalar *scalar = group_of(curve) == MBEDTLS_ECP_DP_NONE ? NULL : calloc(1, sizeof *scalar);
    if (scalar == NULL) {
        *status = gh_fail(group_of(curve) == MBEDTLS_ECP_DP_NONE ? GH_EUNSUPPORTED : GH_EMEMORY, 0);
        return NULL;
    }
    mbedtls_ecp_group_init(&scalar->group);
    mbedtls_mpi_init(&scalar->d);
    mbedtls_ecp_point_init(&scalar->q);
    int library = mbedtls_ecp_group_load(&scalar->group, group_of(curve));
    if (library == 0) {
        *status = GH_OK;
        return scalar;
    }
    *status = gh_fail(GH_EINTERNAL, library);
    gh_scalar_free(scalar);
    return NULL;
}

gh_scalar *gh_scalar_generate(gh_curve curve, int *status) {
    gh_scalar *scalar = scalar_new(curve, status);
    if (scalar == NULL) return NULL;
    int library = mbedtls_ecp_gen_keypair(&scalar->group, &scalar->d, &scalar->q, gh_library_random, NULL);
    if (library == 0) return scalar;
    *status = gh_fail(GH_EINTERNAL, library);
    gh_scalar_free(scalar);
    return NULL;
}

gh_scalar *gh_scalar_new(gh_curve curve, const uint8_t *d, int *status) {
    gh_scalar *scalar = scalar_new(curve, status);
    if (scalar == NULL) return NULL;
    int library = mbedtls_mpi_read_binary(&scalar->d, d, width_of(&scalar->group));
    if (library == 0) library = mbedtls_ecp_check_privkey(&scalar->group, &scalar->d);
    if (library == 0) {
        library = mbedtls_ecp_mul(
            &scalar->group, &scalar->q, &scalar->d, &scalar->group.G, gh_library_random, NULL);
    }
    if (library == 0) return scalar;
    *status = gh_fail(library == MBEDTLS_ERR_MPI_ALLOC_FAILED ? GH_EMEMORY : GH_EMALFORMED, library);
    gh_scalar_free(scalar);
    return NULL;
}

void gh_scalar_free(gh_scalar *scalar) {
    if (scalar == NULL) return;
    // The library wipes numbers when it frees them.
    mbedtls_mpi_free(&scalar->d);
    mbedtls_ecp_point_free(&scalar->q);
    mbedtls_ecp_group_free(&scalar->group);
    free(scalar);
}

int gh_scalar_number(const gh_scalar *scalar, uint8_t *d) {
    int status = mbedtls_mpi_write_binary(&scalar->d, d, width_of(&scalar->group));
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

int gh_scalar_point(const gh_scalar *scalar, uint8_t *x, uint8_t *y) {
    int status = write_point(&scalar->group, &scalar->q, x, y);
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

static mbedtls_md_type_t md_type_of(gh_hash function) {
    switch (function) {
    case GH_SHA256: return MBEDTLS_MD_SHA256;
    case GH_SHA384: return MBEDTLS_MD_SHA384;
    case GH_SHA512: return MBEDTLS_MD_SHA512;
    default: return MBEDTLS_MD_NONE;
    }
}

int gh_scalar_sign(gh_scalar *scalar, gh_hash function, const uint8_t *hash, uint8_t *raw) {
    mbedtls_md_type_t md = md_type_of(function);
    if (md == MBEDTLS_MD_NONE) return gh_fail(GH_EPARAMETER, 0);
    size_t width = width_of(&scalar->group);
    mbedtls_mpi r, s;
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    int status = mbedtls_ecdsa_sign_det_ext(
        &scalar->group, &r, &s, &scalar->d, hash, (size_t)function, md, gh_library_random, NULL);
    if (status == 0) status = mbedtls_mpi_write_binary(&r, raw, width);
    if (status == 0) status = mbedtls_mpi_write_binary(&s, raw + width, width);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

int gh_scalar_agree(gh_scalar *scalar, const gh_point *point, uint8_t *shared) {
    if (scalar->group.id != point->group.id) return gh_fail(GH_EPARAMETER, 0);
    mbedtls_mpi z;
    mbedtls_mpi_init(&z);
    int status = mbedtls_ecdh_compute_shared(
        &scalar->group, &z, &point->q, &scalar->d, gh_library_random, NULL);
    if (status == 0) status = mbedtls_mpi_write_binary(&z, shared, width_of(&scalar->group));
    mbedtls_mpi_free(&z);
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

// MARK: AES-GCM

static int aes_key_fits(size_t length) { return length == 16 || length == 24 || length == 32; }

enum { GCM_NONCE = 12, GCM_TAG = 16 };

int gh_gcm_encrypt(
    const uint8_t *key, size_t key_length, const uint8_t *nonce, const uint8_t *aad, size_t aad_length,
    const uint8_t *plain, size_t length, uint8_t *cipher, uint8_t *tag) {
    if (!aes_key_fits(key_length)) return gh_fail(GH_EPARAMETER, 0);
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    int status = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, (unsigned)key_length * 8);
    if (status == 0) {
        status = mbedtls_gcm_crypt_and_tag(
            &gcm, MBEDTLS_GCM_ENCRYPT, length, nonce, GCM_NONCE, aad, aad_length, plain, cipher, GCM_TAG, tag);
    }
    mbedtls_gcm_free(&gcm);
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

int gh_gcm_decrypt(
    const uint8_t *key, size_t key_length, const uint8_t *nonce, const uint8_t *aad, size_t aad_length,
    const uint8_t *cipher, size_t length, uint8_t *plain, const uint8_t *tag) {
    if (!aes_key_fits(key_length)) return gh_fail(GH_EPARAMETER, 0);
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    int status = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, (unsigned)key_length * 8);
    if (status == 0) {
        status = mbedtls_gcm_auth_decrypt(
            &gcm, length, nonce, GCM_NONCE, aad, aad_length, tag, GCM_TAG, cipher, plain);
    }
    mbedtls_gcm_free(&gcm);
    if (status == 0) return GH_OK;
    if (length > 0) mbedtls_platform_zeroize(plain, length);
    return gh_fail(status == MBEDTLS_ERR_GCM_AUTH_FAILED ? GH_EAUTHENTICATION : GH_EINTERNAL, status);
}

// MARK: AES key wrap

// RFC 3394 2.2 over the library's AES: Debian builds 2.28 without its own (MBEDTLS_NIST_KW_C).
static const uint8_t wrap_check[8] = {0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6};

static int wrap_lengths_fit(size_t key_length, size_t length) {
    return aes_key_fits(key_length) && length >= 16 && length <= 1024 && length % 8 == 0;
}

// The step's number, its last byte at block[7]; it stays below 2^16 for lengths up to 1024.
static void mix_number(uint8_t *block, size_t number) {
    block[6] ^= (uint8_t)(number >> 8);
    block[7] ^= (uint8_t)number;
}

int gh_key_wrap(const uint8_t *key, size_t key_length, const uint8_t *plain, size_t length, uint8_t *wrapped) {
    if (!wrap_lengths_fit(key_length, length)) return gh_fail(GH_EPARAMETER, 0);
    uint8_t block[16];
    size_t count = length / 8;
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    int status = mbedtls_aes_setkey_enc(&aes, key, (unsigned)key_length * 8);
    memcpy(block, wrap_check, 8);
    memmove(wrapped + 8, plain, length);
    for (size_t step = 1; status == 0 && step <= 6 * count; step++) {
        uint8_t *part = wrapped + 8 + (step - 1) % count * 8;
        memcpy(block + 8, part, 8);
        status = mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, block, block);
        mix_number(block, step);
        memcpy(part, block + 8, 8);
    }
    memcpy(wrapped, block, 8);
    mbedtls_aes_free(&aes);
    mbedtls_platform_zeroize(block, sizeof block);
    if (status == 0) return GH_OK;
    mbedtls_platform_zeroize(wrapped, length + 8);
    return gh_fail(GH_EINTERNAL, status);
}

int gh_key_unwrap(const uint8_t *key, size_t key_length, const uint8_t *wrapped, size_t length, uint8_t *plain) {
    if (length < 8 || !wrap_lengths_fit(key_length, length - 8)) return gh_fail(GH_EPARAMETER, 0);
    uint8_t block[16];
    size_t count = length / 8 - 1;
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    int status = mbedtls_aes_setkey_dec(&aes, key, (unsigned)key_length * 8);
    memcpy(block, wrapped, 8);
    memmove(plain, wrapped + 8, length - 8);
    for (size_t step = 6 * count; status == 0 && step > 0; step--) {
        uint8_t *part = plain + (step - 1) % count * 8;
        mix_number(block, step);
        memcpy(block + 8, part, 8);
        status = mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_DECRYPT, block, block);
        memcpy(part, block + 8, 8);
    }
    int fits = gh_equal(block, wrap_check, 8);
    mbedtls_aes_free(&aes);
    mbedtls_platform_zeroize(block, sizeof block);
    if (status == 0 && fits) return GH_OK;
    mbedtls_platform_zeroize(plain, length - 8);
    return status == 0 ? gh_fail(GH_EAUTHENTICATION, 0) : gh_fail(GH_EINTERNAL, status);
}
