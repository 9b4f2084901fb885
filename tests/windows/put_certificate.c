/* Puts the certificate of a PKCS#12 file, with its key, into the personal store of this account: what a double click on the
   file does; the key can be taken out again (ncrypt.c). Only for the trial under Wine (scripts/windows-smoke). */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <wincrypt.h>

static int failed(const char *what)
{
    fprintf(stderr, "%s: %08lx\n", what, (unsigned long)GetLastError());
    return 1;
}

int wmain(int count, wchar_t **words)
{
    CRYPT_DATA_BLOB blob = {0};
    HCERTSTORE file, own;
    const CERT_CONTEXT *certificate = NULL;
    DWORD size, put = 0;
    HANDLE open;

    if (count != 3) return 2;
    open = CreateFileW(words[1], GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (open == INVALID_HANDLE_VALUE) return failed("the file");
    blob.cbData = GetFileSize(open, NULL);
    blob.pbData = malloc(blob.cbData);
    if (!blob.pbData || !ReadFile(open, blob.pbData, blob.cbData, &size, NULL)) return failed("its bytes");
    if (!(file = PFXImportCertStore(&blob, words[2], CRYPT_USER_KEYSET | CRYPT_EXPORTABLE))) return failed("its content");
    own = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, L"MY");
    if (!own) return failed("the store");
    while ((certificate = CertEnumCertificatesInStore(file, certificate)))
    {
        size = 0;
        if (!CertGetCertificateContextProperty(certificate, CERT_KEY_PROV_INFO_PROP_ID, NULL, &size)) continue;
        if (!CertAddCertificateContextToStore(own, certificate, CERT_STORE_ADD_REPLACE_EXISTING, NULL)) return failed("adding");
        put++;
    }
    CertCloseStore(own, 0);
    printf("%lu\n", (unsigned long)put);
    return put ? 0 : failed("no certificate with a key");
}
