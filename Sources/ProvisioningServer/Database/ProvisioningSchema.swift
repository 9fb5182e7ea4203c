import GRDB

/// The tables, as migrations: each runs once, in order, and is never edited after a release. They stand beside those of the
/// OCF cloud in one file; the names of neither meet.
enum ProvisioningSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("provisioning 1") { database in
            try database.execute(sql: devices + rules + tokens + services)
        }
        return migrator
    }

    private static let devices = """
        -- state: waiting (for a person), admitted, refused. changed: the number of the last change that concerns the device's
        -- cache; cleared: that of the last change it has acknowledged. resource: its full address when it was last there.
        CREATE TABLE provisioningDevice (
            jid TEXT PRIMARY KEY NOT NULL,
            domain TEXT NOT NULL,
            state TEXT NOT NULL,
            padding TEXT NOT NULL DEFAULT 'oaep',
            secondaryTrust INTEGER,
            asksFriends INTEGER NOT NULL DEFAULT 0,
            invited INTEGER NOT NULL DEFAULT 0,
            resource TEXT,
            online INTEGER NOT NULL DEFAULT 0,
            firstSeen INTEGER NOT NULL,
            lastSeen INTEGER,
            changed INTEGER NOT NULL DEFAULT 0,
            cleared INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX provisioningDeviceAtDomain ON provisioningDevice(domain);
        -- Nodes and names that a device's questions have told of.
        CREATE TABLE provisioningThing (
            device TEXT NOT NULL REFERENCES provisioningDevice(jid) ON DELETE CASCADE,
            isNode INTEGER NOT NULL,
            thing TEXT NOT NULL,
            PRIMARY KEY (device, isNode, thing)
        ) WITHOUT ROWID;
        -- Messages that wait for a device to come.
        CREATE TABLE provisioningNotice (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            device TEXT NOT NULL REFERENCES provisioningDevice(jid) ON DELETE CASCADE,
            isFriend INTEGER NOT NULL,
            jid TEXT NOT NULL
        );

        """

    private static let rules = """
        -- removed: a mark that stays until the next start, so that a running server sees what went. nodes, names: one a line.
        CREATE TABLE provisioningRule (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            isAllowed INTEGER NOT NULL,
            action TEXT NOT NULL,
            device TEXT NOT NULL,
            who TEXT NOT NULL,
            nodes TEXT NOT NULL DEFAULT '',
            names TEXT NOT NULL DEFAULT '',
            isOnce INTEGER NOT NULL DEFAULT 0,
            createdAt INTEGER NOT NULL,
            version INTEGER NOT NULL,
            removed INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX provisioningRuleOf ON provisioningRule(action, who, device);
        CREATE INDEX provisioningRuleWho ON provisioningRule(who);
        CREATE INDEX provisioningRuleVersion ON provisioningRule(version);
        -- Questions that no rule answers.
        CREATE TABLE provisioningPending (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            action TEXT NOT NULL,
            device TEXT NOT NULL,
            who TEXT NOT NULL,
            nodes TEXT NOT NULL DEFAULT '',
            names TEXT NOT NULL DEFAULT '',
            certificates TEXT NOT NULL DEFAULT '',
            askedAt INTEGER NOT NULL,
            count INTEGER NOT NULL DEFAULT 1,
            UNIQUE (action, device, who)
        );
        -- Numbers that only rise.
        CREATE TABLE provisioningCounter (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL);
        INSERT INTO provisioningCounter VALUES ('version', 1), ('rules', 0);
        CREATE TABLE provisioningSetting (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);
        CREATE TABLE provisioningAudit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            detail TEXT NOT NULL
        );

        """

    private static let tokens = """
        -- isRevoked: by a person. isEnded: its time is over and the devices were told.
        CREATE TABLE provisioningCertificate (
            fingerprint TEXT PRIMARY KEY NOT NULL,
            der BLOB NOT NULL,
            subject TEXT NOT NULL,
            notBefore INTEGER NOT NULL,
            notAfter INTEGER NOT NULL,
            isRevoked INTEGER NOT NULL DEFAULT 0,
            isEnded INTEGER NOT NULL DEFAULT 0,
            jid TEXT NOT NULL,
            createdAt INTEGER NOT NULL
        );
        CREATE INDEX provisioningCertificateOf ON provisioningCertificate(jid);
        CREATE TABLE provisioningToken (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            hash BLOB NOT NULL UNIQUE,
            certificate TEXT NOT NULL REFERENCES provisioningCertificate(fingerprint) ON DELETE CASCADE,
            createdAt INTEGER NOT NULL
        );
        CREATE INDEX provisioningTokenOf ON provisioningToken(certificate);

        """

    private static let services = """
        CREATE TABLE provisioningService (
            name TEXT PRIMARY KEY NOT NULL,
            certificate TEXT NOT NULL UNIQUE,
            createdAt INTEGER NOT NULL
        );
        -- Whom a service lets in: kind and value of a credential.
        CREATE TABLE provisioningEntry (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            service TEXT NOT NULL REFERENCES provisioningService(name) ON DELETE CASCADE,
            isAllowed INTEGER NOT NULL,
            kind TEXT NOT NULL,
            value TEXT NOT NULL
        );
        CREATE TABLE provisioningUser (name TEXT PRIMARY KEY NOT NULL, createdAt INTEGER NOT NULL);
        CREATE TABLE provisioningRole (name TEXT PRIMARY KEY NOT NULL, createdAt INTEGER NOT NULL);
        CREATE TABLE provisioningMembership (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            user TEXT NOT NULL REFERENCES provisioningUser(name) ON DELETE CASCADE,
            role TEXT NOT NULL REFERENCES provisioningRole(name) ON DELETE CASCADE,
            UNIQUE (user, role)
        );
        -- A user's or a role's list for one service, in the order of place.
        CREATE TABLE provisioningPrivilege (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            isRole INTEGER NOT NULL,
            owner TEXT NOT NULL,
            service TEXT NOT NULL REFERENCES provisioningService(name) ON DELETE CASCADE,
            place INTEGER NOT NULL,
            isIncluded INTEGER NOT NULL,
            privilege TEXT NOT NULL,
            UNIQUE (isRole, owner, service, privilege)
        );
        -- user: the name that was given at the login; none before it.
        CREATE TABLE provisioningSession (
            hash BLOB PRIMARY KEY NOT NULL,
            service TEXT NOT NULL REFERENCES provisioningService(name) ON DELETE CASCADE,
            user TEXT,
            createdAt INTEGER NOT NULL,
            expiresAt INTEGER NOT NULL
        );
        CREATE INDEX provisioningSessionOf ON provisioningSession(service);

        """
}
