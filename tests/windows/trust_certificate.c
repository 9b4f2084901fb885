/* Lets this Windows trust an authority, by its certificate in DER: what a click through Windows' own questions does. Only for
   the trial under Wine (scripts/windows-smoke). */
#include <stdio.h>
#include <windows.h>
#include <wincrypt.h>

int wmain(int count, wchar_t **words)
{
    BYTE bytes[8192];
    DWORD size = 0;
    HCERTSTORE trusted = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, L"ROOT");
    HANDLE file;

    if (count != 2) return 2;
    file = CreateFileW(words[1], GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE && ReadFile(file, bytes, sizeof bytes, &size, NULL) && trusted
        && CertAddEncodedCertificateToStore(trusted, X509_ASN_ENCODING, bytes, size, CERT_STORE_ADD_REPLACE_EXISTING, NULL)
        && CertCloseStore(trusted, 0))
        return 0;
    fprintf(stderr, "%08lx\n", (unsigned long)GetLastError());
    return 1;
}
