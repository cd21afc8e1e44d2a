#include "driver/postgres_tls.h"

#include <openssl/ssl.h>
#include <pthread.h>

static int slot = -1; /* of ours in every SSL object: set once */

static void make_slot(void)
{
    slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* For each certificate of the chain; the first refusal is the cause. */
static int on_verify(int is_good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_refusal *refusal = SSL_get_ex_data(ssl, slot);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    char subject[200] = "";
    if (is_good || refusal->why[0])
        return is_good;
    if (certificate)
        X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    snprintf(refusal->why, sizeof refusal->why, "%s (%s)",
             X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)), subject);
    return is_good;
}

void postgres_tls_listen(PGconn *pg, struct tls_refusal *refusal)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    SSL *ssl = PQsslStruct(pg, "OpenSSL");
    pthread_once(&once, make_slot);
    if (!ssl || slot < 0 || SSL_get_ex_data(ssl, slot))
        return;
    SSL_set_ex_data(ssl, slot, refusal);
    SSL_set_verify(ssl, SSL_get_verify_mode(ssl), on_verify);
}
