import OCFModel
import OneLoop

/// The cloud connection as `oic.r.coapcloudconf` sees it.
///
/// Whoever implements it calls ``OCFDevice/cloudConfigurationChanged()`` after every change of ``configuration``.
@Loop
public protocol CloudControlling: AnyObject {
    /// What the resource shows.
    var configuration: CloudConfiguration { get }
    /// Takes an UPDATE, whose properties have been checked to be whole and of their types.
    ///
    /// - Throws: `ResourceError` 4.00 in a state that does not take it.
    func update(_ update: CloudConfigurationUpdate) async throws(ResourceError)
}
