/// Certificates and the key of a server in tests, in PEM. Those that hold do so from 2020 to 2120.
enum Certificates {
    /// `O=Nobody, CN=Belay Test Authority`.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBYzCCAQqgAwIBAgIBATAKBggqhkjOPQQDAjAwMQ8wDQYDVQQKDAZOb2JvZHkx
        HTAbBgNVBAMMFEJlbGF5IFRlc3QgQXV0aG9yaXR5MCAXDTIwMDEwMjAwMDAwMFoY
        DzIxMjAwMTAyMDAwMDAwWjAwMQ8wDQYDVQQKDAZOb2JvZHkxHTAbBgNVBAMMFEJl
        bGF5IFRlc3QgQXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE/kvb
        ipa8j2VJTsF8aYYV0a+3xxlpSWilVA76L9YNFnvv8aPOf5sgQqkPG5Jms4SOlRWQ
        lHq4siiDEXSfoSC69qMTMBEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNH
        ADBEAiAP39ppxezia3ZuOG0HvlMeWIublOd8XupCeT55MmyXoAIgVNFFsUIPdqea
        rF14aFHsDMr/Gvd0ppYOJbmtojc4Em4=
        -----END CERTIFICATE-----
        """

    /// Of the authority, for hooks.example and 127.0.0.9; the others of its kind likewise.
    static let leaf = """
        -----BEGIN CERTIFICATE-----
        MIIBajCCAQ+gAwIBAgIBAjAKBggqhkjOPQQDAjAwMQ8wDQYDVQQKDAZOb2JvZHkx
        HTAbBgNVBAMMFEJlbGF5IFRlc3QgQXV0aG9yaXR5MCAXDTIwMDEwMjAwMDAwMFoY
        DzIxMjAwMTAyMDAwMDAwWjAYMRYwFAYDVQQDDA1ob29rcy5leGFtcGxlMFkwEwYH
        KoZIzj0CAQYIKoZIzj0DAQcDQgAEJUugsRw+9P/Cwt4tP2xse/RITSQ5B/n80hZ4
        YJv/5gmVoO4+DvqSdO21VuDwWrrzpvLiY7Hxv6OjwP9pkQb3Y6MwMC4wDAYDVR0T
        AQH/BAIwADAeBgNVHREEFzAVgg1ob29rcy5leGFtcGxlhwR/AAAJMAoGCCqGSM49
        BAMCA0kAMEYCIQCRyRYkFPFKvguQGDSr0oLX6mMbkmoMZR1gL2g2n88uWAIhAMXv
        7k8bjuavLS+RIomR5caYD6aLCo7ICyM42fK17L85
        -----END CERTIFICATE-----
        """

    /// Of the authority; ended on 2002-03-04.
    static let expired = """
        -----BEGIN CERTIFICATE-----
        MIIBZzCCAQ2gAwIBAgIBAzAKBggqhkjOPQQDAjAwMQ8wDQYDVQQKDAZOb2JvZHkx
        HTAbBgNVBAMMFEJlbGF5IFRlc3QgQXV0aG9yaXR5MB4XDTAxMDEwMjAwMDAwMFoX
        DTAyMDMwNDAwMDAwMFowGDEWMBQGA1UEAwwNaG9va3MuZXhhbXBsZTBZMBMGByqG
        SM49AgEGCCqGSM49AwEHA0IABCVLoLEcPvT/wsLeLT9sbHv0SE0kOQf5/NIWeGCb
        /+YJlaDuPg76knTttVbg8Fq686by4mOx8b+jo8D/aZEG92OjMDAuMAwGA1UdEwEB
        /wQCMAAwHgYDVR0RBBcwFYINaG9va3MuZXhhbXBsZYcEfwAACTAKBggqhkjOPQQD
        AgNIADBFAiEAq8lumGmfMxA2KmqLjaKxZP+6Wdhq+/FqOiArYM5auasCIHYhNlNp
        554upLBvXKYyK3TNflWjI/WVDAZw5XwYfsnm
        -----END CERTIFICATE-----
        """

    /// Of the authority; begins on 2098-05-06.
    static let early = """
        -----BEGIN CERTIFICATE-----
        MIIBajCCARGgAwIBAgIBBDAKBggqhkjOPQQDAjAwMQ8wDQYDVQQKDAZOb2JvZHkx
        HTAbBgNVBAMMFEJlbGF5IFRlc3QgQXV0aG9yaXR5MCIYDzIwOTgwNTA2MDAwMDAw
        WhgPMjEyMDAxMDIwMDAwMDBaMBgxFjAUBgNVBAMMDWhvb2tzLmV4YW1wbGUwWTAT
        BgcqhkjOPQIBBggqhkjOPQMBBwNCAAQlS6CxHD70/8LC3i0/bGx79EhNJDkH+fzS
        Fnhgm//mCZWg7j4O+pJ07bVW4PBauvOm8uJjsfG/o6PA/2mRBvdjozAwLjAMBgNV
        HRMBAf8EAjAAMB4GA1UdEQQXMBWCDWhvb2tzLmV4YW1wbGWHBH8AAAkwCgYIKoZI
        zj0EAwIDRwAwRAIgTsnJGA5vuP6HCCSszgVIEcm4dYukA8L8tpmZ4oUh6C4CIH/V
        s1fsiy8tHG3D1PWD7vYMNpOne/xbMIe3fO1e02AJ
        -----END CERTIFICATE-----
        """

    /// Its own issuer.
    static let selfSigned = """
        -----BEGIN CERTIFICATE-----
        MIIBUDCB96ADAgECAgEFMAoGCCqGSM49BAMCMBgxFjAUBgNVBAMMDWhvb2tzLmV4
        YW1wbGUwIBcNMjAwMTAyMDAwMDAwWhgPMjEyMDAxMDIwMDAwMDBaMBgxFjAUBgNV
        BAMMDWhvb2tzLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQlS6Cx
        HD70/8LC3i0/bGx79EhNJDkH+fzSFnhgm//mCZWg7j4O+pJ07bVW4PBauvOm8uJj
        sfG/o6PA/2mRBvdjozAwLjAMBgNVHRMBAf8EAjAAMB4GA1UdEQQXMBWCDWhvb2tz
        LmV4YW1wbGWHBH8AAAkwCgYIKoZIzj0EAwIDSAAwRQIgX9J2tksqfiSwKWgIGG3X
        TkDQjqijb5xo9n+GFzMi0sgCIQCu54yPcaYd5b8CXtdoWG35eunsXKtheGnWDE+x
        2Y8WNw==
        -----END CERTIFICATE-----
        """

    /// `O=Expired Authority`, without a common name; ended on 2003-07-08.
    static let expiredAuthority = """
        -----BEGIN CERTIFICATE-----
        MIIBOTCB4KADAgECAgEGMAoGCCqGSM49BAMCMBwxGjAYBgNVBAoMEUV4cGlyZWQg
        QXV0aG9yaXR5MB4XDTAxMDEwMjAwMDAwMFoXDTAzMDcwODAwMDAwMFowHDEaMBgG
        A1UECgwRRXhwaXJlZCBBdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
        AAR5HT5nitb07iiINZjlfG7K0GkZngfSfiWPMu6b/Rd3QC1SnwdR/SaSjVAkzLzW
        vhOc/hXY0cgP2vuZ7Yx6IKT1oxMwETAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49
        BAMCA0gAMEUCIQDZ7ttywNrcswLgyrxbj52RyKfFWY/0Of9ecNOqlBaJNwIgRZMX
        hbn5sLv1BqEyEJAyXLyRxUzXv/eeMts2XDTvRak=
        -----END CERTIFICATE-----
        """

    /// Of the expired authority, itself good.
    static let ofExpired = """
        -----BEGIN CERTIFICATE-----
        MIIBVTCB+6ADAgECAgEHMAoGCCqGSM49BAMCMBwxGjAYBgNVBAoMEUV4cGlyZWQg
        QXV0aG9yaXR5MCAXDTIwMDEwMjAwMDAwMFoYDzIxMjAwMTAyMDAwMDAwWjAYMRYw
        FAYDVQQDDA1ob29rcy5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
        JUugsRw+9P/Cwt4tP2xse/RITSQ5B/n80hZ4YJv/5gmVoO4+DvqSdO21VuDwWrrz
        pvLiY7Hxv6OjwP9pkQb3Y6MwMC4wDAYDVR0TAQH/BAIwADAeBgNVHREEFzAVgg1o
        b29rcy5leGFtcGxlhwR/AAAJMAoGCCqGSM49BAMCA0kAMEYCIQC/u0/I/D82mSeH
        GHwdEH0Da+MN/+suCVRAya9kM59qdQIhAKXgoaXvxbl/Aq5Y5/57pcWZF57k5Nrs
        QNcNQns9JDJt
        -----END CERTIFICATE-----
        """

    /// The leaves' key: of the tests alone, it opens nothing.
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqQq5uxUyxl3xVH44
        4cET/HepgBDWLTt1eJf9u7HlmFShRANCAAQlS6CxHD70/8LC3i0/bGx79EhNJDkH
        +fzSFnhgm//mCZWg7j4O+pJ07bVW4PBauvOm8uJjsfG/o6PA/2mRBvdj
        -----END PRIVATE KEY-----
        """
}
