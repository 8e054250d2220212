import PintleInterfaces

/// Every struct of the ABI that has a Swift type.
enum AllStructs {
    static let types: [any ABIStruct.Type] = [
        ABINothing.self,
        NetworkAddress.self, NetworkAddressRange.self, NetworkAttachRequest.self, NetworkAttachment.self,
        NetworkAttachmentRef.self, NetworkBandwidth.self, NetworkCheckRequest.self, NetworkDetachRequest.self,
        NetworkDns.self, NetworkGcItem.self, NetworkGcRequest.self, NetworkInterface.self, NetworkPortMapping.self,
        NetworkRoute.self, NetworkStatus.self, NetworkVersion.self, RuntimeAttachRequest.self,
        RuntimeBuildImageRequest.self, RuntimeCheckpointRequest.self, RuntimeCondition.self, RuntimeConfig.self,
        RuntimeContainerFilter.self, RuntimeContainerRef.self, RuntimeContainerStats.self,
        RuntimeContainerStatus.self, RuntimeContainerUser.self, RuntimeCreateContainerRequest.self,
        RuntimeDevice.self, RuntimeDnsConfig.self, RuntimeEnvVar.self, RuntimeEvent.self, RuntimeExecRequest.self,
        RuntimeExecResult.self, RuntimeFilesystemUsage.self, RuntimeHandler.self, RuntimeHugepageLimit.self,
        RuntimeIdMapping.self, RuntimeImage.self, RuntimeImageRef.self, RuntimeImportImageRequest.self,
        RuntimeMetricDescriptor.self, RuntimeMount.self, RuntimeNamespaces.self, RuntimeNetworkUsage.self,
        RuntimePortForwardRequest.self, RuntimePortForwardResult.self, RuntimePortMapping.self,
        RuntimePullImageRequest.self, RuntimePullProgress.self, RuntimeRegistryAuth.self,
        RuntimeResizeTtyRequest.self, RuntimeResources.self, RuntimeRlimit.self, RuntimeRunSandboxRequest.self,
        RuntimeRunSandboxResult.self, RuntimeSandboxFilter.self, RuntimeSandboxMetric.self,
        RuntimeSandboxNetwork.self, RuntimeSandboxRef.self, RuntimeSandboxStats.self, RuntimeSandboxStatus.self,
        RuntimeSecurityContext.self, RuntimeSecurityProfile.self, RuntimeSelinuxOptions.self, RuntimeStatus.self,
        RuntimeStatusRequest.self, RuntimeStopContainerRequest.self, RuntimeUpdateContainerRequest.self,
        RuntimeUpdateSandboxRequest.self, RuntimeUserNamespace.self, RuntimeVersionInfo.self,
        StorageExpandRequest.self, StorageExpandResult.self, StorageNodeCapability.self, StorageNodeInfo.self,
        StoragePluginCapability.self, StoragePluginInfo.self, StorageProbeResult.self, StoragePublishRequest.self,
        StoragePublishResult.self, StoragePublishedFilter.self, StoragePublishedVolume.self,
        StorageStageRequest.self, StorageStatsRequest.self, StorageUnpublishRequest.self, StorageUnstageRequest.self,
        StorageVolumeCapability.self, StorageVolumeStats.self, StorageVolumeUsage.self,
    ]
}
