#include "driver/postgres_tls.h"

#include <openssl/ssl.h>
#include <pthread.h>

/* libpq frees its SSL object in the PQconnectPoll that fails, and begins the handshake in the one that makes
 * it: the only moment that is always ours is the end, where OpenSSL calls all that have registered data of
 * their own with it. */
static _Thread_local long verdict;

static void on_ssl_free(void *ssl, void *data, CRYPTO_EX_DATA *all, int slot, long number,
                        void *ctx)
{
    long result = SSL_get_verify_result(ssl);
    (void)data, (void)all, (void)slot, (void)number, (void)ctx;
    if (result != X509_V_OK)
        verdict = result;
}

static void listen_once(void)
{
    SSL_get_ex_new_index(0, NULL, NULL, NULL, on_ssl_free);
}

PostgresPollingStatusType postgres_tls_poll(PGconn *pg, const char **ret_refusal)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, listen_once);
    verdict = X509_V_OK;
    PostgresPollingStatusType polling = PQconnectPoll(pg);
    if (verdict != X509_V_OK)
        *ret_refusal = X509_verify_cert_error_string(verdict);
    return polling;
}
