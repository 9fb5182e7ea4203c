#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "library.h"

#include <mbedtls/aes.h>
#include <mbedtls/base64.h>
#include <mbedtls/ccm.h>
#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>

#if defined(MBEDTLS_USE_PSA_CRYPTO) || defined(GH_MBEDTLS_3)
#include <psa/crypto.h>
#endif

static _Thread_local int last_library_error;

int gh_fail(int ours, int library) {
    last_library_error = library;
    return ours;
}

int gh_last_library_error(void) { return last_library_error; }

void gh_library_error_text(int number, char *text, size_t capacity) {
    if (capacity == 0) return;
    text[0] = 0;
    mbedtls_strerror(number, text, capacity);
    text[capacity - 1] = 0;
}

uint32_t gh_library_version(void) { return mbedtls_version_get_number(); }

uint32_t gh_header_version(void) { return MBEDTLS_VERSION_NUMBER; }

int gh_library_has_threads(void) { return mbedtls_version_check_feature("MBEDTLS_THREADING_PTHREAD") == 0; }

#if defined(GH_MBEDTLS_3)
static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static int library_status;

static void initialize_library(void) { library_status = psa_crypto_init() == PSA_SUCCESS ? GH_OK : GH_EINTERNAL; }

int gh_library_initialize(void) {
    pthread_once(&library_once, initialize_library);
    return library_status;
}
#else
int gh_library_initialize(void) { return GH_OK; }
#endif

// MARK: AES-CCM

struct gh_ccm {
    mbedtls_ccm_context context;
};

gh_ccm *gh_ccm_new(const uint8_t *key) {
    gh_ccm *ccm = calloc(1, sizeof *ccm);
    if (ccm == NULL) return NULL;
    mbedtls_ccm_init(&ccm->context);
    int status = mbedtls_ccm_setkey(&ccm->context, MBEDTLS_CIPHER_ID_AES, key, 128);
    if (status != 0) {
        gh_fail(GH_EINTERNAL, status);
        gh_ccm_free(ccm);
        return NULL;
    }
    return ccm;
}

void gh_ccm_free(gh_ccm *ccm) {
    if (ccm == NULL) return;
    mbedtls_ccm_free(&ccm->context);
    free(ccm);
}

// The library also checks these; said here so that both series answer alike, CCM* (no tag) included.
static int ccm_lengths_fit(size_t nonce_length, size_t tag_length) {
    return nonce_length >= 7 && nonce_length <= 13 && tag_length >= 4 && tag_length <= 16 && tag_length % 2 == 0;
}

int gh_ccm_encrypt(
    gh_ccm *ccm, const uint8_t *nonce, size_t nonce_length, const uint8_t *aad, size_t aad_length,
    const uint8_t *plain, size_t length, uint8_t *cipher, uint8_t *tag, size_t tag_length) {
    if (!ccm_lengths_fit(nonce_length, tag_length)) return gh_fail(GH_EPARAMETER, 0);
    int status = mbedtls_ccm_encrypt_and_tag(
        &ccm->context, length, nonce, nonce_length, aad, aad_length, plain, cipher, tag, tag_length);
    return status == 0 ? GH_OK : gh_fail(status == MBEDTLS_ERR_CCM_BAD_INPUT ? GH_EPARAMETER : GH_EINTERNAL, status);
}

int gh_ccm_decrypt(
    gh_ccm *ccm, const uint8_t *nonce, size_t nonce_length, const uint8_t *aad, size_t aad_length,
    const uint8_t *cipher, size_t length, uint8_t *plain, const uint8_t *tag, size_t tag_length) {
    if (!ccm_lengths_fit(nonce_length, tag_length)) return gh_fail(GH_EPARAMETER, 0);
    int status = mbedtls_ccm_auth_decrypt(
        &ccm->context, length, nonce, nonce_length, aad, aad_length, cipher, plain, tag, tag_length);
    if (status == 0) return GH_OK;
    if (length > 0) mbedtls_platform_zeroize(plain, length);
    if (status == MBEDTLS_ERR_CCM_AUTH_FAILED) return gh_fail(GH_EAUTHENTICATION, status);
    return gh_fail(status == MBEDTLS_ERR_CCM_BAD_INPUT ? GH_EPARAMETER : GH_EINTERNAL, status);
}

int gh_aes128_encrypt_block(const uint8_t *key, const uint8_t *input, uint8_t *output) {
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    int status = mbedtls_aes_setkey_enc(&aes, key, 128);
    if (status == 0) status = mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, input, output);
    mbedtls_aes_free(&aes);
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

int gh_aes128_decrypt_block(const uint8_t *key, const uint8_t *input, uint8_t *output) {
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    int status = mbedtls_aes_setkey_dec(&aes, key, 128);
    if (status == 0) status = mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_DECRYPT, input, output);
    mbedtls_aes_free(&aes);
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

// MARK: Hashes

static const mbedtls_md_info_t *md_of(gh_hash hash) {
    switch (hash) {
    case GH_SHA1: return mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);
    case GH_SHA256: return mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    case GH_SHA384: return mbedtls_md_info_from_type(MBEDTLS_MD_SHA384);
    case GH_SHA512: return mbedtls_md_info_from_type(MBEDTLS_MD_SHA512);
    }
    return NULL;
}

int gh_hash_of(gh_hash hash, const uint8_t *input, size_t length, uint8_t *output) {
    const mbedtls_md_info_t *md = md_of(hash);
    if (md == NULL) return gh_fail(GH_EPARAMETER, 0);
    int status = mbedtls_md(md, input, length, output);
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

int gh_hmac_of(
    gh_hash hash, const uint8_t *key, size_t key_length, const uint8_t *input, size_t length, uint8_t *output) {
    const mbedtls_md_info_t *md = md_of(hash);
    if (md == NULL) return gh_fail(GH_EPARAMETER, 0);
    int status = mbedtls_md_hmac(md, key, key_length, input, length, output);
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

int gh_pbkdf2(
    gh_hash hash, const uint8_t *password, size_t password_length, const uint8_t *salt, size_t salt_length,
    uint32_t iterations, uint8_t *output, size_t output_length) {
    const mbedtls_md_info_t *md = md_of(hash);
    if (md == NULL || output_length > UINT32_MAX) return gh_fail(GH_EPARAMETER, 0);
    int status;
#if defined(GH_MBEDTLS_2)
    mbedtls_md_context_t context;
    mbedtls_md_init(&context);
    status = mbedtls_md_setup(&context, md, 1);
    if (status == 0) {
        status = mbedtls_pkcs5_pbkdf2_hmac(
            &context, password, password_length, salt, salt_length, iterations, (uint32_t)output_length, output);
    }
    mbedtls_md_free(&context);
#else
    status = mbedtls_pkcs5_pbkdf2_hmac_ext(
        mbedtls_md_get_type(md), password, password_length, salt, salt_length, iterations, (uint32_t)output_length,
        output);
#endif
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

// MARK: Random bytes, comparison, wiping

int gh_random(uint8_t *output, size_t length) {
    while (length > 0) {
        // Up to 256 bytes come whole; more may be interrupted by a signal.
        ssize_t count = getrandom(output, length, 0);
        if (count < 0) {
            if (errno == EINTR) continue;
            return gh_fail(GH_EINTERNAL, -errno);
        }
        output += count;
        length -= (size_t)count;
    }
    return GH_OK;
}

int gh_library_random(void *context, unsigned char *output, size_t length) {
    (void)context;
    return gh_random(output, length);
}

int gh_equal(const uint8_t *a, const uint8_t *b, size_t length) {
    volatile const uint8_t *left = a, *right = b;
    uint8_t difference = 0;
    for (size_t index = 0; index < length; index++) difference |= left[index] ^ right[index];
    return difference == 0;
}

void gh_wipe(void *memory, size_t length) {
    if (length > 0) mbedtls_platform_zeroize(memory, length);
}

long gh_base64_decode(const uint8_t *text, size_t length, uint8_t *output, size_t capacity) {
    size_t written = 0;
    int status = mbedtls_base64_decode(output, capacity, &written, text, length);
    if (status == 0) return (long)written;
    return gh_fail(status == MBEDTLS_ERR_BASE64_BUFFER_TOO_SMALL ? GH_ESPACE : GH_EMALFORMED, status);
}
