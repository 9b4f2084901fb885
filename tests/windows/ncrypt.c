/* Wine 8 gives CryptAcquireCertificatePrivateKey's caller a key of the old providers also where a key of CNG was asked for, and
   its ncrypt.dll falls over that. Windows would lend such a key to CNG. This ncrypt.dll does so, with what rustls-cng asks for:
   it takes the key out (the trial puts it there so that it can be taken out) and signs with bcrypt. Only for the trial under
   Wine (scripts/windows-smoke); never given to anybody. With TAYORI_TRIAL_SIGNS set it answers every wish for a signature
   with that number (hexadecimal), as Windows would where somebody says no. */
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <wincrypt.h>
#include <bcrypt.h>

#define BAD_FLAGS ((LONG)0x80090009)
#define NOT_SUPPORTED ((LONG)0x80090029)

/* The big end first. */
static BYTE *turned(BYTE *to, const BYTE *from, DWORD length)
{
    for (DWORD i = 0; i < length; i++) to[i] = from[length - 1 - i];
    return to + length;
}

static LONG lent(HCRYPTPROV provider, BCRYPT_KEY_HANDLE *key, DWORD *bits)
{
    BYTE old[4096], lent[4096];
    DWORD size = sizeof old;
    HCRYPTKEY own;
    BCRYPT_ALG_HANDLE rsa;

    if (!CryptGetUserKey(provider, AT_KEYEXCHANGE, &own) && !CryptGetUserKey(provider, AT_SIGNATURE, &own)) return GetLastError();
    if (!CryptExportKey(own, 0, PRIVATEKEYBLOB, 0, old, &size)) return GetLastError();
    const RSAPUBKEY *head = (const RSAPUBKEY *)(old + sizeof(BLOBHEADER));
    const BYTE *part = (const BYTE *)(head + 1);
    DWORD modulus = head->bitlen / 8, prime = modulus / 2;
    BCRYPT_RSAKEY_BLOB *blob = (BCRYPT_RSAKEY_BLOB *)lent;
    BYTE *to = (BYTE *)(blob + 1);
    blob->Magic = BCRYPT_RSAFULLPRIVATE_MAGIC;
    blob->BitLength = *bits = head->bitlen;
    blob->cbPublicExp = sizeof head->pubexp;
    blob->cbModulus = modulus;
    blob->cbPrime1 = blob->cbPrime2 = prime;
    to = turned(to, (const BYTE *)&head->pubexp, sizeof head->pubexp);
    const DWORD parts[] = {modulus, prime, prime, prime, prime, prime, modulus};
    for (int i = 0; i < 7; part += parts[i++]) to = turned(to, part, parts[i]);
    if (BCryptOpenAlgorithmProvider(&rsa, BCRYPT_RSA_ALGORITHM, NULL, 0)) return NOT_SUPPORTED;
    return BCryptImportKeyPair(rsa, 0, BCRYPT_RSAFULLPRIVATE_BLOB, key, lent, (ULONG)(to - lent), 0);
}

__declspec(dllexport) LONG WINAPI NCryptGetProperty(ULONG_PTR key, LPCWSTR name, BYTE *value, DWORD room, DWORD *size, DWORD flags)
{
    BCRYPT_KEY_HANDLE own;
    DWORD bits;
    LONG status = lent(key, &own, &bits);
    const void *answer = !wcscmp(name, L"Length") ? (const void *)&bits : L"RSA";

    if (status) return status;
    BCryptDestroyKey(own);
    *size = answer == &bits ? sizeof bits : sizeof L"RSA";
    if (value) memcpy(value, answer, room < *size ? room : *size);
    return 0;
}

__declspec(dllexport) LONG WINAPI NCryptSetProperty(ULONG_PTR key, LPCWSTR name, BYTE *value, DWORD size, DWORD flags)
{
    return NOT_SUPPORTED;
}

__declspec(dllexport) LONG WINAPI NCryptSignHash(ULONG_PTR key, void *padding, BYTE *hash, DWORD hash_size, BYTE *signature,
                                                 DWORD room, DWORD *size, DWORD flags)
{
    BCRYPT_KEY_HANDLE own;
    DWORD bits;
    char said[16];
    LONG status = GetEnvironmentVariableA("TAYORI_TRIAL_SIGNS", said, sizeof said) ? (LONG)strtoul(said, NULL, 16) : 0;

    if (!status && !(flags & BCRYPT_PAD_PSS)) status = BAD_FLAGS;
    if (!status) status = lent(key, &own, &bits);
    if (status) return status;
    *size = bits / 8;
    if (signature) status = BCryptSignHash(own, padding, hash, hash_size, signature, room, size, BCRYPT_PAD_PSS);
    BCryptDestroyKey(own);
    return status;
}

__declspec(dllexport) LONG WINAPI NCryptFreeObject(ULONG_PTR object)
{
    return CryptReleaseContext(object, 0) ? 0 : (LONG)GetLastError();
}
